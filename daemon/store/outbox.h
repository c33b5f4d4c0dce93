/* outbox.h -- what is to go out again over HTTP (docs/sources.md): kept until its receiver has it.  Within
 * a turn of the engine, as all of store.h.  Of each alert of a source the oldest goes first and alone;
 * of what has no alert, each for itself.  "Out" is what gong-hook has: `boot`, not 0, tells this run of
 * the engine from the one before, whose hook is dead. */
#ifndef GONG_STORE_OUTBOX_H
#define GONG_STORE_OUTBOX_H

#include "daemon/store/store.h"

#define OUTBOX_MAX 10000		/* rows of a source */

struct outbox_row {
	int64_t id, source;
	int64_t alert;			/* 0 = of none */
	msec at;			/* since when it waits */
	unsigned tries;			/* how often it was out */
	bool is_post, is_signed;	/* signed: with the source's token */
	char *url, *type, *body;	/* type and body NULL: it has none */
};
typedef void (*outbox_fn)(void *ctx, const struct outbox_row *);

/* Keeps it (its id is ignored), due at once if nothing of its alert waits before it; false: the source has
 * OUTBOX_MAX already, or the store failed. */
bool store_outbox_add(struct store *, const struct outbox_row *);
/* Up to `max` of a source (64 at most) whose time has come, the longest due first; `fn` may write. */
size_t store_outbox_due(struct store *, int64_t source, msec now, size_t max, outbox_fn, void *ctx);
msec store_outbox_next(struct store *, int64_t source);	/* when its first is due; NEVER: none is */
/* A name for this run that no row has. */
int64_t store_outbox_boot(struct store *, msec now);
unsigned store_outbox_out(struct store *, int64_t source, int64_t boot);
void store_outbox_lend(struct store *, int64_t id, int64_t boot);	/* it is out now */
void store_outbox_back(struct store *, int64_t id, msec due);	/* it is not, and due then */
/* What an earlier run had out is due at once. */
void store_outbox_found(struct store *, int64_t boot, msec now);
/* Its text is the caller's: outbox_row_fini.  false: there is none. */
bool store_outbox_get(struct store *, int64_t id, struct outbox_row *);
/* It goes, and what waits behind it is due. */
void store_outbox_drop(struct store *, const struct outbox_row *, msec now);
/* Up to 64 that wait since then or longer, and are not out; `fn` may write. */
size_t store_outbox_old(struct store *, msec since, int64_t boot, outbox_fn, void *ctx);
msec store_outbox_oldest(struct store *);	/* since when the oldest of all waits; NEVER: none */
void store_outbox_shift(struct store *, msec by);	/* gong's clock stepped */

/* Who sent by Kannel's sendsms, and wants to hear of it: kept by signal, for so long. */
struct dlr {
	int64_t signal, source;
	unsigned mask;
	char *url;			/* with its escapes; the caller's */
};
void store_dlr_put(struct store *, const struct dlr *, msec now, msec until);
void store_dlr_of_alert(struct store *, int64_t signal, int64_t alert);
bool store_dlr_get(struct store *, int64_t alert, struct dlr *);	/* false: nobody wants to hear of it */
/* At most 64 contacts whose message of that wave is queued; `fn` may write. */
void store_dlr_queued(struct store *, uint32_t wave, void (*fn)(void *ctx, uint32_t contact), void *ctx);
bool store_dlr_any(struct store *);
void outbox_row_fini(struct outbox_row *);

#endif
