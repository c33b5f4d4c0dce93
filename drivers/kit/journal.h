/* journal.h -- what is handed out once (a provider's reports and replies, a call that rings and
 * stops) lies on the disk before anything is made of it, and stays there until gongd has taken all
 * that was told of it.
 *
 * One thread writes and syncs, so that a slow disk never stops a pong; all functions here are for
 * the loop's thread, and all callbacks come from the loop.  The order of things:
 *   keep → `kept` (it is on the disk) → owe and tell, for each thing told → told_all → gongd's
 *   `took` for each → the record is over.
 * What is not over when the process dies is found at the next open, and told again: gongd takes an
 * inbound of the same id once, and what a receipt or a key changes it changes once. */
#ifndef GONG_KIT_JOURNAL_H
#define GONG_KIT_JOURNAL_H

#include <event2/event.h>

#include "drivers/kit/journal_file.h"

#define JOURNAL_BYTES ((size_t)16 << 20)	/* when gongd does not say */

struct journal;

struct record {
	struct journal_record in;	/* bytes: until record_forget_bytes; the list is the thread's */
	TAILQ_ENTRY(record) all;
	size_t owed;			/* things told of it that gongd has not taken */
	bool is_told;			/* nothing more will be told of it */
	void *owner;			/* the driver's own */
};

/* Reads what lies there.  fd -1: nothing is kept, everything else is the same.  `fault`: why gongd
 * could give no file; then keeping fails with it.  `changed`: what journal_trouble says has.  */
struct journal *journal_open(struct event_base *, int fd, size_t most, const char *fault,
			     void (*changed)(void *ctx), void *ctx);
/* What was there at the open, in the order in which it came; NULL after the last.  Only before the
 * loop runs on. */
struct record *journal_found(const struct journal *, const struct record *after);
/* Why nothing can be kept now; NULL = it can.  *damaged: bytes that could not be read at the open. */
const char *journal_trouble(const struct journal *, size_t *damaged);

/* Is there room for so many bytes?  `answered`: NULL = they are set aside until a keep uses them or
 * they are given up; else what is short. */
void journal_promise(struct journal *, size_t len,
		     void (*answered)(void *ctx, const char *trouble), void *ctx);
void journal_give_up(struct journal *, size_t len);
/* Takes the bytes over (a NUL is added).  `kept`: trouble NULL = on the disk; else it is not, and
 * better told at once than lost.  The record is the journal's, until it is over. */
void journal_keep(struct journal *, char kind, char *bytes, size_t len, size_t promised,
		  void (*kept)(void *ctx, struct record *, const char *trouble), void *ctx);
/* Something told of it bears this id; of several with one id, one `took` is for all. */
void journal_owe(struct journal *, struct record *, const char *id);
void journal_told_all(struct journal *, struct record *);
/* Both, where one thing is told of it, under an id of ours; returns that. */
#define RECORD_ID 24
const char *journal_owe_one(struct journal *, struct record *, char id[RECORD_ID]);
void journal_took(struct journal *, const char *id);
/* Calls back when everything kept before is on the disk, or is known not to be. */
void journal_after(struct journal *, void (*synced)(void *ctx), void *ctx);
/* Lets go of the memory; the disk has them. */
void record_forget_bytes(struct record *);
/* Waits until all that was kept is written; then its records are gone.  NULL is nothing. */
void journal_close(struct journal *);

#endif
