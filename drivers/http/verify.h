/* verify.h -- whether a callback comes from the provider it names, one pure function a scheme: no
 * clock, no configuration, no log.  All compare in constant time and refuse an empty key.  What a
 * scheme leaves unproved is said below; freshness (a nonce, a timestamp) is the caller's. */
#ifndef GONG_HTTP_VERIFY_H
#define GONG_HTTP_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/http/sign.h"

/* All borrowed.  The body is a form or JSON if its Content-Type says so; a broken escape in a form
 * or a query that is signed is refused; a %00 is signed like any byte. */
struct verify_request {
	const char *method;	/* "GET" or "POST" */
	const char *url;	/* as the provider called it: scheme, host, path and query */
	const char *(*header)(void *ctx, const char *name);	/* in any letters; NULL: none */
	void *ctx;
	const char *body;	/* NULL only if body_len is 0 */
	size_t body_len;
};

/* X-Twilio-Signature, with the default port in the URL or without.  A body that is no form must
 * have its hash in the URL's bodySHA256. */
bool verify_twilio(const struct verify_request *, const char *token);

/* Vonage's `sig` among the parameters (the query's with those of a form or of a flat JSON object;
 * another body is refused): an HMAC, or, older, the MD5 of the text with the key behind it. */
bool verify_vonage(const struct verify_request *, enum sign_hash, const char *key);
bool verify_vonage_md5hash(const struct verify_request *, const char *key);

/* X-Plivo-Signature-V2 over the URL without its query, so that neither query nor body are proved:
 * prefer V3.  X-Plivo-Signature-V3 over query and form; another body is refused. */
bool verify_plivo_v2(const struct verify_request *, const char *token);
bool verify_plivo_v3(const struct verify_request *, const char *token);
/* The better of them that is there: calls have V3, messages are documented to have V2 alone. */
bool verify_plivo(const struct verify_request *, const char *token);

/* Huawei's X-AKSK: an HMAC of the URL, its nonce and time (with line feeds between since 2026); the
 * body is not proved. */
bool verify_huawei(const struct verify_request *, const char *key);

/* Yunpian's `_sign` in each reply of the form's sms_reply, which is JSON.  Receipts (sms_status) have
 * none and are not proved; a text that stands among them is. */
bool verify_yunpian(const struct verify_request *, const char *key);

/* SUBMAIL's `signature`, the MD5 of its `token` and the key: nothing else of the form or flat JSON object
 * (or, without a body, of the query) is proved. */
bool verify_submail(const struct verify_request *, const char *key);

/* NetEase's CheckSum, the SHA-1 of the secret, the body's MD5 and CurTime. */
bool verify_netease(const struct verify_request *, const char *secret);

/* A header with the HMAC of a text that the caller makes of the request, bare or behind the hash's
 * name as in "sha256=…".  An empty text is refused: its HMAC would be the same every time. */
bool verify_hmac(const struct verify_request *, const char *name, enum sign_hash, enum sign_as,
		 const char *key, const char *text, size_t len);

/* A header that is always the same: Authorization (see sign_basic) or an API key. */
bool verify_header(const struct verify_request *, const char *name, const char *wanted);

#endif
