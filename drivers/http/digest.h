/* digest.h -- a hash or an HMAC as a profile asks for one: {"hash": …, "as": …, "key": …}. */
#ifndef GONG_HTTP_DIGEST_H
#define GONG_HTTP_DIGEST_H

#include <jansson.h>

#include "core/err.h"
#include "drivers/http/sign.h"

struct digest {
	enum sign_hash hash;
	enum sign_as as;
	const char *key;		/* of the HMAC, borrowed; NULL = a hash without one */
};

/* Reads hash (sha256), as (hex) and key. */
int digest_options(struct digest *, json_t *, struct err *);
/* Appends that of `text`. */
void digest_add(struct buf *out, const struct digest *, const char *text, size_t len);

#endif
