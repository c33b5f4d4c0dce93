/* inbound.h -- what lies in the modem's memories: joined, announced, kept until taken.
 * Pure: no clock, no modem.  Parts are joined by (sender, reference, count); libGammu's own
 * joining mixes senders.  An id depends on the content only, so the same message announced again
 * after a restart has the same id. */
#ifndef GONG_MODEM_INBOUND_H
#define GONG_MODEM_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msec.h"
#include "drivers/modem/national.h"

#define INBOUND_ID 17
#define INBOUND_PATIENCE_MS SECONDS(60)
#define INBOUND_REPEAT_MS MINUTES(5)	/* gongd may have had no disk for it */
#define INBOUND_DONE 64
#define INBOUND_DONE_MS MINUTES(10)

struct stored {				/* one short message in a memory of the modem */
	int memory, location;
	char *from, *text;		/* owned; a report has no text; halves of pairs stay (joined.h) */
	struct seam seam;		/* of a text in GSM 7 bit */
	msec at;
	unsigned reference, part, of;	/* of <= 1: not a part */
	bool is_flash;			/* class 0: shown at once, not kept */
	bool is_binary;			/* 8 bit data: the text only says how much */
	bool is_report;
	unsigned ref;			/* of a report: TP-MR and TP-ST */
	unsigned char status;
	bool is_call;			/* one that nobody answered; it lies in no memory */
	void *kept;			/* the caller's, of what lies in no memory; NULL = nothing */
	/* below: inbound.c's own */
	uint64_t key;
	msec seen_at, told_at;		/* first, last */
	bool listed, taken, delete_failed;
	char announced[INBOUND_ID];	/* id of the message it became part of; "" = not yet */
};

struct inbound {
	struct stored **items;
	size_t count, cap;
	/* parts that were taken: networks that miss an acknowledgement send them again */
	struct { uint64_t part; msec at; } done[INBOUND_DONE];
	size_t done_next;
};

struct inbound_message {		/* borrowed for the time of the callback */
	char id[INBOUND_ID];
	const char *from, *text;
	msec at;
	bool is_report, is_call, is_flash;
	unsigned ref;
	unsigned char status;
};

/* A listing: begin, found for each (takes the strings), end. */
void inbound_begin(struct inbound *);
void inbound_found(struct inbound *, const struct stored *, msec now);
void inbound_end(struct inbound *);
/* Announces what is whole, or has waited for its missing parts long enough; and anew what was
 * announced long ago and not taken. */
void inbound_announce(struct inbound *, msec now,
		      void (*say)(void *ctx, const struct inbound_message *), void *ctx);
void inbound_took(struct inbound *, const char *id, msec now);
/* Next one that may be forgotten, or NULL; then say how that went. */
const struct stored *inbound_next_deletion(const struct inbound *);
void inbound_deleted(struct inbound *, int memory, int location, bool ok);
uint64_t inbound_key(const struct stored *);	/* of the content */
void inbound_fini(struct inbound *);

#endif
