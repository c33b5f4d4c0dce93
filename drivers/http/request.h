/* request.h -- a provider's request out of items: templates compiled once, values escaped for
 * where they stand. */
#ifndef GONG_HTTP_REQUEST_H
#define GONG_HTTP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"
#include "drivers/http/approved.h"
#include "drivers/http/digest.h"
#include "drivers/kit/kit.h"

struct words {				/* what many items say */
	unsigned refs;
	const struct approved_template *approved;	/* NULL = any text may be sent */
	struct approved_params params;
	char language[16];		/* of a call, as the provider names it */
	char text[];
};

struct judgement;
struct transfer_result;

struct item {				/* a message or a call on its way */
	TAILQ_ENTRY(item) link;
	char id[KIT_ID], to[24];	/* to: digits with "+" */
	char request_id[KIT_ID];	/* the {{id}} that it went out with: that of its request's first */
	struct words *words;
	unsigned parts;			/* that their answer spoke of; 0 = it did not */
	msec not_after, sent_at;
	uint32_t slot;			/* for kit_leaving */
	bool flash, urgent;
	bool alone;			/* shares no request: the one it shared was refused */
	unsigned plays;			/* calls from here */
	msec ring_ms;
	char keys[16];			/* the digits that mean something */
	/* A message that is not gongd's: who takes it over once it is judged; NULL = gongd hears.
	 * The result is NULL where it was abandoned. */
	void (*judged)(void *judged_by, struct item *, const struct judgement *,
		       const struct transfer_result *);
	void *judged_by;
};

enum escape { ESCAPE_NONE, ESCAPE_JSON, ESCAPE_PERCENT };

struct piece;
struct request_template {
	struct piece *pieces;
	size_t count;
	enum escape escape;		/* of the values */
};

struct request_element {		/* one item's part of a list, {{all:NAME}} or {{joined:NAME}} */
	char *name;
	struct request_template json;
	struct request_template text;	/* the same without quotes … */
	bool is_text;			/* … where it is one */
};

struct request_computed {		/* {{computed:NAME}}: a hash or HMAC of the values as they are */
	const char *name;
	struct request_template of;
	struct digest digest;
};

struct request_context {		/* known at open, folded into the literals */
	const char *callback_url, *secret;	/* NULL = the config has none */
	const struct request_element *elements;
	size_t element_count;
	const struct request_computed *computed;
	size_t computed_count;
};

/* Appends `source` to `t`.  `literals`: how the text between the variables is escaped.
 * -1: err->text names the unknown or missing variable. */
int request_compile(struct request_template *t, const char *source, enum escape literals,
		    const struct request_context *, struct err *);
/* The same for {"name": "text"}: name=value pairs joined by "&"; a list of texts repeats the name. */
int request_compile_fields(struct request_template *, json_t *fields,
			   const struct request_context *, struct err *);
/* Appends further fields for each of an item's keys, rendered with {{key}} and {{key_number}};
 * `each_key` holds them and must live as long as `t`. */
int request_compile_key_fields(struct request_template *t, struct request_template *each_key,
			       json_t *fields, const struct request_context *, struct err *);

#define REQUEST_NONCE 33		/* 16 bytes in hex, and the NUL */
void request_make_nonce(char nonce[REQUEST_NONCE]);

struct request_values {			/* what one request says */
	struct item *const *items;	/* more than one only where numbers share a request */
	size_t count;			/* 0: it is about no item */
	const char *country;
	char *nonce;			/* REQUEST_NONCE; "" until one is asked for, then the same; may be NULL */
	const char *ref;		/* the provider's reference of what is asked about */
	size_t key;			/* of the item's keys, from 0 */
	msec now;
};
void request_render(const struct request_template *, const struct request_values *,
		    struct buf *out);
/* Does it speak of single items' texts, so that only items of one text may share a request? */
bool request_uses_text(const struct request_template *);
bool request_uses_items(const struct request_template *);
/* A number that stands in it itself, in none of its elements. */
bool request_uses_number(const struct request_template *);
bool request_uses_element(const struct request_template *, const struct request_element *);
bool request_uses_computed(const struct request_template *, const struct request_computed *);
/* Is what it makes one line, whatever the message says, so that it may be a header? */
bool request_is_line(const struct request_template *);
/* Does it say that of a message, itself or in the elements and keys that it repeats? */
enum request_part { PART_NUMBER, PART_TEXT, PART_TEMPLATE, PART_PARAMS, PART_ID };
bool request_says(const struct request_template *, enum request_part);
/* Renders a hostile sample and parses it: proves that every value stands where it may. */
int request_check_json(const struct request_template *, struct err *);
void request_template_fini(struct request_template *);

#endif
