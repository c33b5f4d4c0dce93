/* web.h -- one GET at a time over libcurl, within bounds: of the bytes as they are unpacked, of the time
 * for all of it.  Who may be asked stands in the options; the address that is checked is the one that is
 * connected to.  Blocks: it runs on the worker's thread. */
#ifndef GONG_FEED_WEB_H
#define GONG_FEED_WEB_H

#include "core/buf.h"
#include "drivers/feed/conf.h"

#define WEB_TAG 256			/* of an ETag or a date, with its NUL; a longer one is not used */

struct web;

struct web_wish {
	const char *url;		/* absolute */
	const char *accept;		/* NULL = anything */
	const char *etag, *modified;	/* what we have; "" or NULL = nothing */
	size_t most;			/* bytes */
	msec until;			/* steady_now() at which it is over at the latest */
};

struct web_answer {
	long status;			/* 200, 304; of redirects that may be followed, the last one */
	struct buf body;
	char etag[WEB_TAG], modified[WEB_TAG];
	msec retry_after_ms;		/* 0 = not said */
};

struct web *web_new(const struct conf *);	/* conf is borrowed */
void web_free(struct web *);
/* 0 for 200 and 304, else -1 with err; the answer is to be let go of either way. */
int web_get(struct web *, const struct web_wish *, struct web_answer *, struct err *);
void web_answer_fini(struct web_answer *);
/* An absolute address of `link` seen from `base`, caller frees; NULL: it is none of http or https. */
char *web_resolve(const char *base, const char *link);
/* Without user, password, query and fragment: for logs and labels; caller frees. */
char *web_shown(const char *url);
/* May the options' hosts be asked for this?  0, or -1 with err. */
int web_may_ask(const struct conf *, const char *url, struct err *);

#endif
