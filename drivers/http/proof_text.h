/* proof_text.h -- the text that a provider's HMAC is over, put together from named parts of its
 * request: "{{body}}.{{header:x-nonce}}". */
#ifndef GONG_HTTP_PROOF_TEXT_H
#define GONG_HTTP_PROOF_TEXT_H

#include "core/buf.h"
#include "core/err.h"
#include "drivers/http/verify.h"

struct proof_part {
	enum { PROOF_LITERAL, PROOF_BODY, PROOF_URL, PROOF_METHOD, PROOF_HEADER } what;
	char *text;			/* of a literal; a header's name */
};
struct proof_text {
	struct proof_part *parts;
	size_t count;
};

/* -1: a part is not known, or nothing of the request is in it. */
int proof_text_compile(struct proof_text *, const char *source, struct err *);
/* Appends it.  False: the request lacks a part, so nothing is proved. */
bool proof_text_add(struct buf *out, const struct proof_text *, const struct verify_request *);
void proof_text_fini(struct proof_text *);

#endif
