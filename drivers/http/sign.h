/* sign.h -- signatures that providers want on a request, one pure function a scheme: no clock, no
 * configuration, no HTTP.  Keys come in, text comes out; nothing is kept or logged. */
#ifndef GONG_HTTP_SIGN_H
#define GONG_HTTP_SIGN_H

#include <stddef.h>

#include "core/buf.h"
#include "core/msec.h"

#define SIGN_TC3_TYPE "application/json; charset=utf-8"	/* the only body type it signs here */

/* Appends `text` as RFC 3986 wants it: all but letters, digits and -_.~ in %XX. */
void sign_percent(struct buf *out, const char *text, size_t len);

/* Appends the MD5 in small hex digits (China Mobile Cloud MAS). */
void sign_md5(struct buf *out, const char *text, size_t len);

void sign_base64(struct buf *out, const char *bytes, size_t len);

/* Tencent Cloud TC3-HMAC-SHA256 over content-type, host and x-tc-action of a POST to "/".
 * Appends the value of the Authorization header; `at` is the instant of X-TC-Timestamp. */
struct sign_tc3 {
	const char *key_id, *key, *service, *host, *action;
	msec at;
};
void sign_tc3(struct buf *out, const struct sign_tc3 *, const char *body, size_t len);

/* Aliyun RPC, SignatureVersion 1.0.  `query` holds name=value pairs, percent-encoded and joined
 * by "&", in any order; it is sorted by name and gets its Signature at the end. */
void sign_aliyun_rpc(struct buf *query, const char *method, const char *key);

#endif
