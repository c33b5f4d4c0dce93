/* children.h -- child processes of gongd that speak lines: spawned, watched, backed off, pinged,
 * held, closed and buried.  Lives on the loop thread.  It knows what every child is told and asked
 * (`ping`, `close`) and nothing of what one is for: an owner says the first line, reads the others
 * and hears of the end. */
#ifndef GONG_CHILDREN_H
#define GONG_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"

struct event_base;
struct children;			/* all of them */
struct child;				/* one, through all its lives */
struct run;				/* a program that speaks no lines, and is run once */

enum child_state {
	CHILD_WAITING,			/* for its back-off to end */
	CHILD_STARTING,			/* running, not yet ready */
	CHILD_UP,
	CHILD_CLOSING,			/* told to close */
	CHILD_DYING,			/* killed, or it ended by itself; not yet buried */
	CHILD_STOPPED,			/* a restart is not worth it, or gongd stops */
};

/* Why a child ended. */
enum child_blame {
	CHILD_DIED,			/* by itself, or of what it wrote */
	CHILD_HUNG,			/* killed for its silence */
	CHILD_CUT,			/* told to close, killed when its time was over */
};

/* What follows on the end of a process. */
enum child_next {
	CHILD_AS_IT_WAS,		/* after a back-off the next one, unless it ended for good */
	CHILD_ANEW,			/* the next one at once: it has other options */
	CHILD_NEVER,			/* none */
};

/* A new process has its pipes and at most so many files of its owner's open, as fd 3 and up. */
#define CHILD_FILES 2

/* What the owner of a child does; called with the owner that child_new was given. */
struct child_ops {
	/* The program of the next life; caller frees.  NULL with err: it cannot be started at
	 * all, and is stopped for good. */
	char *(*program)(void *owner, struct err *);
	/* Just before that life begins: the files that it finds open.  They stay the owner's.  All are
	 * -1 before, and -1 = none.  May be NULL. */
	void (*files)(void *owner, int files[CHILD_FILES]);
	/* A new process runs: the owner queues its first line. */
	void (*born)(void *owner);
	/* One line, NUL-terminated, the owner may change it; never empty. */
	void (*line)(void *owner, char *line, size_t len);
	/* All lines of one read have been given. */
	void (*read)(void *owner);
	/* A line of its standard error, at most 999 bytes of it; NULL: one that was too much. */
	void (*muttered)(void *owner, const char *line);
	/* Once a second while it is up and being read.  `now`: its own time, see child_now.  What it
	 * should have done by now, as a value (it is killed for it), or NULL. */
	const char *(*late)(void *owner, msec now);
	/* Its process is dead, nothing that it shared with us changes any more.  `for_good`:
	 * it is not started again by itself.  `reason` is never empty.  The owner says what follows. */
	enum child_next (*ended)(void *owner, const char *reason, bool for_good, enum child_blame);
};

/* `now`: monotonic, for durations only. */
struct children *children_open(struct event_base *, msec (*now)(void *ctx), void *ctx);
/* Asks everyone to finish within grace_ms and starts nobody again; `done` is called once, from
 * the loop, when all have ended. */
void children_stop(struct children *, msec grace_ms, void (*done)(void *ctx), void *ctx);
bool children_are_stopping(const struct children *);
void children_close(struct children *);		/* after the last child_free */

/* Not started yet.  Borrows ops and owner until child_free.  `seed` spreads its back-off. */
struct child *child_new(struct children *, const struct child_ops *, void *owner, uint64_t seed);
void child_start(struct child *);
/* One that waits or has stopped starts now; never before its last process is buried. */
void child_wake(struct child *);
bool child_is_buried(const struct child *);	/* it has no process, not even a dead one */
void child_free(struct child *);		/* kills it and waits for that; NULL is nothing */

enum child_state child_state(const struct child *);
bool child_hears(const struct child *);		/* it is starting, or up */
unsigned child_starts(const struct child *);
pid_t child_pid(const struct child *);		/* and its group's; 0 = it has no process */
/* Time for deadlines and pongs.  It stands still while the child is not read, or while the loop
 * or the machine did not run: its silence then is not its own. */
msec child_now(const struct child *);

/* Adds the newline and empties `line`; nothing is lost while the process lives. */
void child_queue(struct child *, struct buf *line);
/* Bytes ever queued to this life, and of those what the kernel has taken.  Valid in `ended`. */
uint64_t child_queued(const struct child *);
uint64_t child_written(const struct child *);

/* What its lines said: it is ready; it answered that ping (false: it was not asked); it wrote
 * something unreadable (at the third it is killed); it will end by itself, within 5 s or it is
 * killed. */
void child_is_ready(struct child *);
bool child_ponged(struct child *, unsigned long n);
void child_babbled(struct child *);
void child_leaves(struct child *, const char *reason, bool for_good);

void child_hold(struct child *, bool hold);	/* back-pressure: it is not read meanwhile */
/* SIGKILL, now.  `reason`: words, or a phrase as a value (core/phrase.h). */
void child_end(struct child *, bool for_good, const char *reason);
/* Told to finish; killed a second after grace_ms. */
void child_close(struct child *, msec grace_ms);

/* What becomes of a run; called with the owner that run_start was given. */
struct run_ops {
	/* A line of its output or its errors: at most 399 bytes of it, and at most 100 of them. */
	void (*said)(void *owner, const char *line);
	/* It has ended and is gone.  `status`: as a shell would say it; 127 mostly says that there is
	 * no such program.  `cut`: it was told to end. */
	void (*ended)(void *owner, int status, bool cut);
};

/* argv[0] is looked for in PATH, the list ends with NULL.  NULL with errno: no process.
 * After limit_ms, or when the children are to stop, it gets SIGTERM, and SIGKILL 3 s later; until it
 * has ended the children have not stopped.  Borrows ops and owner until `ended`, or run_forget. */
struct run *run_start(struct children *, const char *const *argv, msec limit_ms,
		      const struct run_ops *, void *owner);
void run_forget(struct run *);		/* its owner goes; it runs on to its end */

/* spawn.c: the process, or -1 with errno.  `files`: borrowed, they become its fds 3 and up, -1 =
 * none.  Our ends of its pipes: `to` its input, `from` its output, `errors` its standard error (NULL:
 * it is gongd's); caller closes them and reaps. */
pid_t child_spawn(const char *program, const int files[CHILD_FILES], int *to, int *from, int *errors);

#endif
