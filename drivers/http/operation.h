/* operation.h -- one kind of request that a provider knows (send, call, query …), compiled: where
 * it goes, what it says, how it is signed, and what the answers to it mean. */
#ifndef GONG_HTTP_OPERATION_H
#define GONG_HTTP_OPERATION_H

#include "core/words.h"
#include "drivers/http/options.h"
#include "drivers/http/request.h"
#include "drivers/http/scheme.h"

enum verdict { VERDICT_ACCEPTED, VERDICT_REJECTED, VERDICT_UNKNOWN };

struct error_rule {			/* status and pointer must both fit, where given */
	long status;			/* 0 = any */
	struct pointer pointer;
	json_t *equals;			/* borrowed from the config */
	enum verdict verdict;
	enum reject class;		/* VERDICT_REJECTED */
	bool unlisted;			/* a refusal whose class nobody knows: they are counted */
};

struct request_header {
	const char *name;
	struct request_template value;
};

struct operation {
	const char *name;		/* NULL = the profile has no such operation */
	json_t *config;			/* keeps everything borrowed alive */
	const char *method;
	char *origin;			/* "https://host" */
	struct request_template path, query, body;	/* path: after the origin; query: after its "?" */
	struct request_template key_fields;		/* of one key; used by query or body */
	json_t *headers;		/* the fixed ones, and … */
	struct request_header *varying;	/* … those made anew for each request */
	size_t varying_count;
	struct request_computed *computed;
	size_t computed_count;
	const char *content_type, *authorization;	/* NULL = none */
	bool base64;			/* the whole body travels in Base64 */
	bool is_text;			/* answers are plain text, read as {"text": "…"} */
	struct signing sign;
	unsigned numbers_max;		/* in one request */
	bool texts;			/* numbers of different texts may share a request */
	struct request_element *elements;
	size_t element_count;
	bool own_ids;			/* in a shared request, too: {{id}} stands in the elements */
	struct pointer each, each_to;	/* where an answer speaks of each number; count 0 = nowhere */
	struct pointer parts;		/* where an answer speaks of each part of the one message */
	json_t *each_status;		/* of such an answer; NULL = as success_status */
	json_t *success_status, *success_equals;
	struct pointer success, id, reason;
	struct pointer unpack;		/* a text of the answer that holds JSON; count 0 = none */
	struct error_rule *errors;
	size_t error_count;
};

/* Compiles section `name` of the profile on top of what all its operations share.  The section of
 * the operation "send" is the profile itself.  -1: err->field names section and option. */
int operation_compile(struct operation *, const char *name, json_t *profile, json_t *section,
		      const struct request_context *, struct err *);
/* Its host and port, without the user and key that a url may carry. */
const char *operation_host(const struct operation *);
/* Is that so of its path, query, body or a header? */
bool operation_uses(const struct operation *, bool (*uses)(const struct request_template *));
void operation_fini(struct operation *);
/* What a section may hold beside its own options. */
#define OPERATION_OPTIONS " path method headers authorization body_type body fields key_fields elements computed success " \
	"id_pointer reason_pointer errors numbers each parts_list sign body_encoding answer_type unpack "

#endif
