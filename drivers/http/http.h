/* http.h -- what the files of gong-http share: the compiled provider profile, the item on its
 * way, and the jobs (named: a profile's name to its config; profile: config to rules; request: item to bytes; transfer: bytes over
 * libcurl; answer and callback: the provider's words to the protocol's). */
#ifndef GONG_HTTP_H
#define GONG_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"
#include "core/words.h"
#include "drivers/kit/kit.h"

struct shared_text {			/* one text of many items */
	unsigned refs;
	char data[];
};

struct item {
	TAILQ_ENTRY(item) link;
	char id[KIT_ID], to[24];	/* to: digits with "+" */
	struct shared_text *text;
	msec not_after;
	bool flash, urgent;
};

/* --- request.c: templates, compiled once ------------------------------------------------- */

enum escape { ESCAPE_NONE, ESCAPE_JSON, ESCAPE_PERCENT };

enum variable { VAR_LITERAL, VAR_TO, VAR_TO_PLUS, VAR_TO_NATIONAL, VAR_TEXT, VAR_ID, VAR_NOT_AFTER,
		VAR_FLASH, VAR_TEXT_JSON, VAR_SIGNATURE };

struct piece {
	enum variable variable;
	char *literal;			/* VAR_LITERAL */
	size_t len;
};

struct request_template {
	struct piece *pieces;
	size_t count;
	enum escape escape;		/* of the values */
};

struct request_constants {		/* known at open, folded into the literals */
	const char *callback_url, *secret;	/* NULL = the config has none */
};

/* Appends `source` to `t`.  `literals`: how the text between the variables is escaped.
 * -1: err->text names the unknown or missing variable. */
int request_compile(struct request_template *t, const char *source, enum escape literals,
		    const struct request_constants *, struct err *);

struct request_values {			/* what one request says */
	struct item *const *items;	/* of one text; more than one only where numbers are joined */
	size_t count;
	const char *country, *join;	/* join: between two numbers */
	const char *signature;		/* NULL unless the profile's scheme makes one */
};
void request_render(const struct request_template *, const struct request_values *,
		    struct buf *out);
bool request_uses(const struct request_template *, enum variable);
/* Compiles `body`, or a name=value list out of an object. */
int request_compile_fields(struct request_template *, json_t *fields,
			   const struct request_constants *, struct err *);
/* Renders a hostile sample and parses it: proves that every value stands where it may.
 * `join`: NULL = one number a request. */
int request_check_json(const struct request_template *, const char *join, struct err *);
void request_template_fini(struct request_template *);

/* --- profile.c: the config of a route, compiled ------------------------------------------- */

struct pointer {			/* RFC 6901, cut and unescaped; count 0 = not configured */
	char **tokens;
	size_t count;
};

enum verdict { VERDICT_ACCEPTED, VERDICT_REJECTED, VERDICT_UNKNOWN };

struct error_rule {			/* status and pointer must both fit, where given */
	long status;			/* 0 = any */
	struct pointer pointer;
	json_t *equals;			/* borrowed from the config; an array = any of them */
	bool any;			/* whatever stands at the pointer */
	enum verdict verdict;
	enum reject class;		/* VERDICT_REJECTED */
	bool unlisted;			/* a refusal whose class nobody knows: they are counted */
};

struct callback_rules {
	bool has_receipt, has_reply;
	struct { struct pointer id, provider_id, to, state, reason; } receipt;
	struct { struct pointer id, from, text; } reply;
	json_t *delivered, *failed;	/* borrowed arrays of words; "*" in failed = all others */
	const char *answer;		/* body of our 200 */
};

enum sign_scheme { SIGN_NONE, SIGN_MD5, SIGN_TC3, SIGN_ALIYUN_RPC };

struct sign_rules {
	enum sign_scheme scheme;
	const char *key_id, *key, *service, *action;	/* borrowed from the config */
	struct request_template of;	/* SIGN_MD5: what is digested */
};

struct profile {
	json_t *config;			/* keeps everything borrowed alive */
	const char *url, *method, *authorization, *ca_file, *proxy, *country;
	char *host;			/* the only part of the url that is ever shown */
	json_t *headers;
	const char *content_type;	/* NULL = no body */
	struct request_template body, query;	/* count 0 = none */
	bool base64;			/* the whole body travels in Base64 */
	struct sign_rules sign;
	unsigned numbers_max;		/* in one request */
	const char *numbers_join;	/* NULL = one number a request */
	struct pointer each, each_to;	/* where an answer speaks of each number; count 0 = nowhere */
	json_t *success_status, *success_equals;
	struct pointer success, id, reason;
	struct error_rule *errors;
	size_t error_count;
	bool receipts;
	struct callback_rules callback;
	long timeout_ms, connect_timeout_ms;
	unsigned connections, window, batch;
};

/* Takes a reference on `config`.  -1: err->field is the option, err->text the fault and remedy. */
int profile_compile(struct profile *, json_t *config, struct err *);
void profile_fini(struct profile *);
/* A config that names a profile becomes that profile with its parameters filled in; any other
 * is itself.  A new reference, or NULL with err as above. */
json_t *profile_load(json_t *config, struct err *);
/* The value at `pointer`, borrowed, or NULL. */
json_t *pointer_get(const struct pointer *, json_t *in);
/* Is `value` equal to `wanted`, or to one of them when it is an array? */
bool value_is(json_t *value, json_t *wanted);
/* E.164 out of what a provider writes, in `room` where it had to be made; NULL stays NULL. */
const char *profile_number(const struct profile *, const char *text, char *room, size_t size);

/* --- transfer.c: libcurl's multi interface on the kit's loop ------------------------------- */

struct transfer_result {		/* borrowed for the time of the callback */
	int code;			/* CURLcode */
	bool sent;			/* the request may have left */
	long status;			/* 0 = no answer */
	const char *body, *error;
	size_t body_len;
};

struct transfers;
typedef void (*transfer_ended)(void *ctx, struct item **, size_t count,
			       const struct transfer_result *);

/* `room` follows a batch of `ended`: slots are free again. */
int transfers_new(struct transfers **out, struct event_base *, const struct profile *,
		  transfer_ended, void (*room)(void *ctx), void *ctx, struct err *);
unsigned transfers_free_slots(const struct transfers *);
size_t transfers_running(const struct transfers *);
/* Needs a free slot; at most the profile's numbers_max items, lent until the request has ended. */
void transfers_start(struct transfers *, struct item *const *items, size_t count);
/* Calls `each` for every item on its way; nothing more is heard of it. */
void transfers_abandon(struct transfers *,
		       void (*each)(void *ctx, struct item *, bool sent), void *ctx);
void transfers_free(struct transfers *);

/* --- answer.c: what a provider's answer means ----------------------------------------------- */

struct judgement {
	enum verdict verdict;
	enum reject class;
	bool unlisted;			/* a refusal the profile does not know */
	bool unreachable;		/* the provider did not answer at all */
	char ref[65];			/* "" = none */
	char reason[256];		/* "" only when accepted */
};

/* Calls `judged` once for all items, or once for each where the answer speaks of each. */
typedef void (*answer_judged)(void *ctx, struct item **, size_t count, struct judgement *);
void answer_judge(const struct profile *, const struct transfer_result *, struct item **,
		  size_t count, answer_judged judged, void *ctx);

/* --- callback.c ------------------------------------------------------------------------------ */

/* Emits the receipts and replies in `op`, then exactly one `reply`. */
void callback_take(struct kit *, const struct profile *, json_t *op);

#endif
