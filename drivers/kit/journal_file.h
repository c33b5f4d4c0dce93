/* journal_file.h -- records in one file, each with its length and checksum: written and synced,
 * struck out when they are over, found again after any death.  It blocks on the disk and knows no
 * thread and no loop; journal.h puts it beside one.
 *
 * A record is a line of JOURNAL_HEAD bytes (a mark, its kind, id, length, checksum in hexadecimal),
 * its bytes and a newline.  A record of kind JOURNAL_OVER names those that are over.  A reader goes
 * from mark to mark: what is damaged costs itself and not its neighbours. */
#ifndef GONG_KIT_JOURNAL_FILE_H
#define GONG_KIT_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/err.h"
#include "core/table.h"

#define JOURNAL_HEAD 49
#define JOURNAL_OVER 'O'

struct journal_record {
	TAILQ_ENTRY(journal_record) link;
	uint64_t id;
	char kind;			/* a capital letter of the owner's, never JOURNAL_OVER */
	char *bytes;			/* and a NUL after them; NULL = on the disk only */
	size_t len;
	long long offset;		/* of its head in the file; -1 = it is not there */
};
TAILQ_HEAD(journal_records, journal_record);

struct journal_file {
	int fd;				/* -1 = there is none */
	size_t most;			/* bytes that the file may have */
	long long tail;			/* the next record goes here */
	size_t live, promised;		/* bytes: of records that are not over; of room given */
	uint64_t last_id;		/* the next record's is one more; the writer counts */
	struct journal_records records;	/* not over, in the order of the file */
	struct table by_id;		/* these */
	size_t damaged, torn;		/* bytes found by journal_file_open: unreadable; cut off at the end */
};

/* Borrows the file until the close, which closes it (-1 = none: nothing is kept) and reads what is there; -1: err says why it
 * cannot be used, and nothing is. */
int journal_file_open(struct journal_file *, int fd, size_t most, struct err *);
/* Room for so many bytes, on the disk, too, until it is used or given up.  -1: err says what is short. */
int journal_file_promise(struct journal_file *, size_t len, struct err *);
void journal_file_give_up(struct journal_file *, size_t len);
/* Appends and syncs it; r->id, kind, bytes and len are the caller's, who leaves the record where it
 * is until it is over.  `promised`: bytes of a promise that this uses up; 0 = it must find room.
 * -1: it is not on the disk; err says why. */
int journal_file_write(struct journal_file *, struct journal_record *r, size_t promised, struct err *);
/* Strikes records out, together; they stay the caller's.  Not synced: one that comes back is told
 * again.  Keeps the file short. */
void journal_file_strike(struct journal_file *, struct journal_record *const *, size_t count);
void journal_file_close(struct journal_file *);	/* the records stay the caller's */

#endif
