/* hand.h -- what the engine has in hand, in memory that outlives the process.
 *
 * A page of a file in the state folder, mapped shared and never synced: what a process has written
 * there is still there after its death, and gone after a power cut, which is as it should be: only
 * deaths by a fault of gongd's own (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE; the watchdog sends
 * SIGABRT) in one boot count against what was in hand; but not the watchdog's when it was the disk
 * that did not come back.  The signal is written down by a handler on
 * a stack of its own.  A start counts the death; three with the same thing in hand, and the engine
 * puts that thing aside. */
#ifndef GONG_HAND_H
#define GONG_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAND_DEATHS_MAX 3

/* DUE, LOAD: a row of the engine's table of due things, as it is run, as it is loaded; INBOUND: a text
 * on disk that waited; IMPORT: a preview that is being applied. */
enum hand_kind { HAND_NOTHING, HAND_COMMAND, HAND_ALERT, HAND_WAVE, HAND_DUE, HAND_LOAD, HAND_INBOUND,
		 HAND_IMPORT, HAND_KIND_COUNT };

struct hand {
	uint32_t kind;			/* enum hand_kind */
	uint32_t row;			/* contact; 0 = the thing itself */
	uint64_t a;			/* COMMAND: its kind; DUE, LOAD: which row; else an id */
	uint64_t b;			/* COMMAND: a hash of what it says; ALERT: next step + 1, 0 = before */
};

bool hand_is(const struct hand *, const struct hand *);

struct hand_page;

/* Maps the file (made when missing or of another kind), counts the last process's death, and
 * watches this process's signals from now on.  Never fails: without a file the page is memory of
 * this process only, and nothing is counted.  Once a process. */
struct hand_page *hand_open(const char *path);
/* The calling thread is the engine's: only its faults count, and a watchdog's. */
void hand_is_mine(struct hand_page *);
struct hand *hand_now(struct hand_page *);	/* for the engine to write */
/* How often gongd died with exactly this in hand. */
unsigned hand_deaths(const struct hand_page *, const struct hand *);
/* Everything noted, latest first: i from 0; false: there are no more. */
bool hand_death(const struct hand_page *, size_t i, struct hand *, unsigned *deaths);
/* The signal that ended the process before this one, if its death was counted; else 0. */
int hand_last_signal(const struct hand_page *);
/* The process before this one was ended from outside while its disk hung: nothing was counted. */
bool hand_was_hung(const struct hand_page *);

/* For the store, in the engine's thread: a turn begins; the disk is asked, and has answered. */
void hand_turn(void);
void hand_disk(void);
void hand_disk_done(void);
void hand_close(struct hand_page *);		/* an orderly end: nothing is in hand */

#endif
