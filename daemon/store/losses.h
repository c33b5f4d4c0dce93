/* losses.h -- what one store has and another, that is to be put in its place, has not.  It compares and
 * writes nothing. */
#ifndef GONG_LOSSES_H
#define GONG_LOSSES_H

#include "core/buf.h"
#include "core/phrase.h"

enum loss { LOSS_ALERT, LOSS_MESSAGE, LOSS_ANSWER, LOSS_TEXT, LOSS_CONTACT, LOSS_DIVISION, LOSS_DUTY, LOSS_COUNT };

struct losses {
	/* Alerts that are not there or stand otherwise; messages that were handed over; answers; texts that
	 * came in; people and places that were added, changed or taken away; duties likewise. */
	unsigned long count[LOSS_COUNT];
	unsigned unread;		/* a set of 1 << loss: the replaced store could not be read to its end */
	bool alerts;			/* some of the alerts are not there at all, or that is unread */
	struct buf lines;		/* a line each, in the reader's language; of messages, one an alert */
};

/* Of `replaced`, as far as it can be read; its schema may be another.  Times are local. */
void losses_find(struct losses *out, const char *kept, const char *replaced, enum lang);
/* Before that: takes over from `replaced` what must not be lost whatever else is, as far as it can be read.
 * Keys of alerts that `kept` has not are known to be used, and whoever wants no messages gets none. */
void losses_carry(const char *kept, const char *replaced);
bool losses_any(const struct losses *);		/* or some of it is not known */
/* The counts as a sentence of its own each, into `out`. */
void losses_summary(const struct losses *, enum lang, struct buf *out);
void losses_fini(struct losses *);

#endif
