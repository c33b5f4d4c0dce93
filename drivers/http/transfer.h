/* transfer.h -- requests over libcurl's multi interface on the kit's loop: sends, and, beside
 * them, the questions to the provider. */
#ifndef GONG_HTTP_TRANSFER_H
#define GONG_HTTP_TRANSFER_H

#include <event2/event.h>

#include "drivers/http/profile.h"

struct kit;

struct transfer_result {		/* borrowed for the time of the callback */
	int code;			/* CURLcode */
	bool sent;			/* the request may have left */
	long status;			/* 0 = no answer */
	const char *body, *error;
	size_t body_len;
	const struct buf *path, *query, *sent_body;	/* of the request; its body before any coding */
	msec retry_after_ms;		/* 0 = they did not say */
	msec date;			/* of their answer; 0 = not looked at */
};

typedef void (*transfer_ended)(void *ctx, const struct operation *, struct item **, size_t count,
			       const struct transfer_result *);

struct transfer {			/* what is to be asked; items are lent until it has ended */
	const struct operation *op;
	struct item *const *items;	/* at most the profile's numbers_max */
	size_t count;
	const char *ref;		/* {{ref}}, copied; may be NULL */
	size_t answer_max;		/* bytes; then it may be slow, too, as long as it comes; 0 = short */
	transfer_ended ended;
	void *ctx;
};

struct transfers;

/* `room` follows a batch of ends: slots are free again.  What a request carries is marked as leaving
 * (kit_leaving) before its first byte. */
int transfers_new(struct transfers **out, struct kit *, const struct profile *,
		  void (*room)(void *ctx), void *ctx, struct err *);
unsigned transfers_free_slots(const struct transfers *);	/* for sends */
size_t transfers_running(const struct transfers *);
/* Needs a free slot. */
void transfers_start(struct transfers *, const struct transfer *);
/* A question or a call, with at most one item: it has slots of its own, and waits for one before
 * any send if it must. */
void transfers_ask(struct transfers *, const struct transfer *);
/* Calls `each` for every item on its way; nothing more is heard of it, nor of any question. */
void transfers_abandon(struct transfers *,
		       void (*each)(void *ctx, const struct operation *, struct item *, bool sent),
		       void *ctx);
void transfers_free(struct transfers *);

#endif
