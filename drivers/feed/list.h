/* list.h -- a feed as what it lists: Atom (RFC 4287), RSS 2.0 and 1.0, a list in JSON, or one document
 * alone, CAP or JSON.  Pure: it fetches nothing. */
#ifndef GONG_FEED_LIST_H
#define GONG_FEED_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define LIST_MAX 5000			/* items of one feed; what stands behind them is left out */
#define MARK_BITS 40

/* What an item is known again by: a digest of all that the feed says of it, so that one that was changed
 * is another one.  Never 0. */
typedef uint64_t list_mark;

struct list_item {
	char *id;			/* "" = it has none */
	char *link;			/* of its document, as written; NULL = none */
	char *body;			/* the document, where the feed holds it; NULL = it does not */
	size_t len;
	list_mark mark;
};

struct list {
	struct list_item *items;	/* in the feed's order */
	size_t count, left_out;
};

struct list_rules {			/* JSON pointers (RFC 6901), NULL = not said */
	const char *items;		/* the list; not said: the whole is one document */
	const char *id, *link, *document;	/* in an item; document: of an item, not said = all of it */
	bool entries;			/* an entry of Atom or RSS is itself the document, as JSON */
};

/* -1: err has why it is no feed. */
int list_read(struct list *, const struct list_rules *, const char *bytes, size_t len, struct err *);
void list_fini(struct list *);
list_mark list_mark_of(const char *bytes, size_t len);

#endif
