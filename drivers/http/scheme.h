/* scheme.h -- how a request is signed, by the scheme's name: what the scheme wants in the profile,
 * and its words on a request in the making. */
#ifndef GONG_HTTP_SCHEME_H
#define GONG_HTTP_SCHEME_H

#include "drivers/http/options.h"
#include "drivers/http/request.h"

struct operation;
struct scheme;

struct signing {
	const struct scheme *scheme;	/* NULL = nothing is signed */
	const char *key_id, *key, *region, *service, *action, *version;	/* borrowed from the config */
};

struct outgoing {			/* a request in the making */
	const struct operation *op;
	const char *host;		/* as the Host header has it */
	struct buf *path, *query, *body;	/* query, body: len 0 = none */
	void (*add_header)(void *ctx, const char *name, const char *value);
	void *ctx;
	msec now;
};

/* Reads "sign" of an operation whose body, method and headers are known. */
int scheme_compile(struct signing *, const struct operation *, json_t *sign, struct err *);
/* The Content-Type where it is part of what is signed, else NULL; `type` is the body's own. */
const char *scheme_type(const struct signing *, const char *type);
/* After the request is rendered. */
void scheme_sign(const struct signing *, const struct outgoing *);

#endif
