/* round.h -- one look at a feed or a mailbox: everything in it that gongd has not taken.  Blocks, within
 * bounds: it runs on the worker's thread, and touches nothing of the kit but its clock and its log. */
#ifndef GONG_FEED_ROUND_H
#define GONG_FEED_ROUND_H

#include <jansson.h>

#include "core/phrase.h"
#include "drivers/feed/conf.h"
#include "drivers/feed/seen.h"
#include "drivers/feed/web.h"

#define ROUND_BYTES (16u << 20)
#define ROUND_MS MINUTES(2)		/* what is beyond either waits for the next look, at once */
#define ITEM_NAME 120

struct round_document {
	json_t *json;			/* as in docs/fetchers.md: body or base64, ref, labels */
	size_t size;			/* of it as a text */
	list_mark mark;			/* whose it is; several may be one item's */
};

struct round {
	/* what is known before */
	const struct conf *conf;
	struct seen seen;
	char etag[WEB_TAG], modified[WEB_TAG];	/* of the last whole look */
	unsigned turn;			/* 0, or another number each time: who failed is not always first */
	/* what came of it */
	msec until;			/* steady_now() at which it is over */
	size_t bytes;			/* of all documents */
	bool ok;
	char reason[SAID_VALUE];	/* why not: a value of a phrase, as `failure` is */
	msec retry_after_ms;
	bool unchanged;			/* the server says so */
	struct round_document *documents;
	size_t count;
	list_mark *present;		/* all that is listed, new or not, but what could not be fetched */
	size_t present_count;
	unsigned failed;		/* items whose documents could not be fetched, or are too large */
	char failed_item[ITEM_NAME], failure[SAID_VALUE];	/* of the first of them */
	unsigned left;			/* items that there was no time or room for: look again at once */
};

void round_feed(struct round *);
void round_mailbox(struct round *);
/* `labels` is taken over. */
void round_add(struct round *, list_mark, const char *ref, const char *bytes, size_t len, json_t *labels);
void round_present(struct round *, list_mark);
/* Time, memory or items_max are used up. */
bool round_is_full(const struct round *, long items);
/* `why`: a value (NEST, SAID). */
void round_failed(struct round *, const char *what, const char *why);
void round_fini(struct round *);

#endif
