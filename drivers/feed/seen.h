/* seen.h -- what gongd has taken of a feed, so that it is said once: digests of items, the newest kept in
 * `keep` (docs/fetchers.md).  Older ones that a feed still lists are said again after a restart and are
 * repeats to gongd: nothing happens twice, it only costs.  Pure. */
#ifndef GONG_FEED_SEEN_H
#define GONG_FEED_SEEN_H

#include <stdbool.h>

#include "drivers/feed/list.h"

#define SEEN_MAX 20000
#define SEEN_TEXT 16384			/* of `keep`, with its NUL */

struct seen {
	list_mark *marks, *sorted;	/* the newest first; and ascending */
	size_t count;
	bool known;			/* a first look at this very feed was taken whole */
};

/* `of`: the feed's address.  What is kept of another one counts for nothing. */
void seen_read(struct seen *, const char *of, const char *kept);
void seen_text(const struct seen *, const char *of, char out[SEEN_TEXT]);
bool seen_has(const struct seen *, list_mark);
/* These are taken, or still there: they become the newest, in their order.  `known` is the caller's. */
void seen_add(struct seen *, const list_mark *, size_t count);
void seen_copy(struct seen *, const struct seen *from);
void seen_fini(struct seen *);

#endif
