/* profile.h -- the config of a provider route, compiled: its operations, how to read what the
 * provider pushes, its templates and limits. */
#ifndef GONG_HTTP_PROFILE_H
#define GONG_HTTP_PROFILE_H

#include "drivers/http/approved.h"
#include "drivers/http/form.h"
#include "drivers/http/operation.h"
#include "drivers/http/proof_text.h"
#include "drivers/http/verify.h"

enum operation_id {
	OP_SEND, OP_ORDINARY,		/* ordinary: the send of what is not urgent, if it differs */
	OP_CALL, OP_QUERY, OP_CALL_QUERY, OP_BALANCE, OP_PULL, OP_PULL_2,
	OP_REACH,			/* anything at all of them, unsigned: do they answer? */
	OP_COUNT
};

struct receipt_rules {
	bool is_set;
	struct pointer id, provider_id, to, country, state, reason;	/* country: the code of `to` */
	struct pointer part, parts, part_ref;	/* which, of how many, its own reference; count 0 = not said */
	json_t *delivered, *failed;	/* words, borrowed */
};

struct reply_rules {
	bool is_set;
	struct pointer id, from, country, text;
	struct pointer part, parts, part_of;
};

/* What is told of a call.  The rules are tried in order; one fits where `has` stands. */
struct call_rule {
	struct pointer has, id, provider_id, to, country, digits, state, machine;
	json_t *states;			/* {"their word": "ringing|picked_up|OUTCOME|CLASS"} */
	struct request_template answer, wrong;	/* to a key that means something, or nothing */
	bool has_answer, has_wrong;
};

struct proof;
struct verify_rules {
	const struct proof *proof;	/* NULL = unsigned */
	const char *header;
	struct digest digest;
	struct proof_text of;		/* hmac: what of the request it is over */
};

struct callback_rules {
	struct pointer unpack[2];	/* fields whose text holds JSON: the first that is there is read */
	struct pointer list;		/* where the items stand, if not at the top */
	struct receipt_rules receipt;
	struct reply_rules reply;
	struct call_rule *calls;
	size_t call_count;
	struct verify_rules verify;
	const char *answer, *answer_type;	/* body of our 200 */
	struct form_charset charset;
	long within_ms;			/* they wait no longer for it; 0 = not known */
};

struct query_rules {			/* what became of a message in doubt */
	struct pointer list, id, provider_id, text, at, state, reason;
	/* text: of the message itself; at: when they made it */
	json_t *delivered, *failed;
	long after_ms, times;
};

struct pull_rules {
	struct pointer list;
	long every_ms;
};

struct balance_rules {			/* a number, or the sum over a list of what is left of each */
	struct pointer list, pointer, minus, until;	/* until: Unix s; what has run out counts nothing */
};

struct profile {
	json_t *config;			/* keeps everything borrowed alive */
	const char *host;		/* the only part of the address that is ever shown */
	const char *ca_file, *client_cert, *client_key, *proxy, *country, *callback_url;
	bool http2, is_plain;		/* is_plain: not encrypted */
	struct operation ops[OP_COUNT];
	struct approved approved;
	struct callback_rules callback;
	struct query_rules query;
	struct pull_rules pulls[2];
	long call_query_ms;
	struct balance_rules balance;
	double balance_low;		/* an alarm below it */
	json_t *languages;		/* ours to theirs */
	json_t *budgets;
	double rate;
	bool receipts;
	long timeout_ms, connect_timeout_ms;
	unsigned connections, window, batch, numbers_max;
};

#define PROFILE_VERSION 1		/* of the language that docs/http-driver.md describes */
/* Is what it says of its "version" what we speak?  Nothing said is 1. */
int profile_check_version(json_t *, struct err *);
/* Takes a reference on `config`.  -1: err->field is the option, err->text the fault and remedy. */
int profile_compile(struct profile *, json_t *config, struct err *);
void profile_fini(struct profile *);
bool profile_has(const struct profile *, enum operation_id);
/* A config that names a profile becomes that profile with its parameters filled in; any other
 * is itself.  A new reference, or NULL with err as above. */
json_t *profile_load(json_t *config, struct err *);
/* E.164 out of what a provider writes, in `room` where it had to be made; NULL stays NULL. */
const char *profile_number(const struct profile *, const char *text, char *room, size_t size);
/* The same of the number at `at` in an item, whose country code may stand at `country`. */
const char *profile_number_at(const struct profile *, const struct pointer *at,
			      const struct pointer *country, json_t *item, char room[64]);

/* callback_rules.c */
int callback_compile(struct callback_rules *, json_t *config, const struct request_context *,
		     struct err *);
void callback_fini(struct callback_rules *);
/* Is it so proved that the provider calls?  Unsigned is proved. */
bool callback_is_proved(const struct verify_rules *, const struct verify_request *);

#endif
