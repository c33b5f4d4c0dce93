/* sign.h -- signatures that providers want on a request, one pure function a scheme: no clock, no
 * configuration, no HTTP.  Keys come in, text comes out; nothing is kept or logged. */
#ifndef GONG_HTTP_SIGN_H
#define GONG_HTTP_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/msec.h"

#define SIGN_TC3_TYPE "application/json; charset=utf-8"	/* the only body type it signs here */

/* Appends `text` as RFC 3986 wants it: all but letters, digits and -_.~ in %XX. */
void sign_percent(struct buf *out, const char *text, size_t len);

/* Appends the MD5 in small hex digits (China Mobile Cloud MAS). */
void sign_md5(struct buf *out, const char *text, size_t len);

void sign_base64(struct buf *out, const char *bytes, size_t len);

/* Appends the digest, or the HMAC (RFC 2104), of `text`, in small hex digits or in Base64. */
enum sign_hash { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512 };
enum sign_as { AS_HEX, AS_BASE64 };
void sign_hash(struct buf *out, enum sign_hash, enum sign_as, const char *text, size_t len);
void sign_hmac(struct buf *out, enum sign_hash, enum sign_as, const char *key, const char *text,
	       size_t len);

/* Appends "Basic " and the credentials of RFC 7617, the value of the Authorization header. */
void sign_basic(struct buf *out, const char *id, const char *key);

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

/* Aliyun ACS3-HMAC-SHA256.  Appends the value of the Authorization header and fills `sent`; the
 * caller sends x-acs-action, x-acs-version, x-acs-signature-nonce, x-acs-date and
 * x-acs-content-sha256, and a Content-Type only if it is given here, for that one is signed too. */
struct sign_acs3 {
	const char *key_id, *key, *method, *host, *action, *version, *nonce;
	const char *path;		/* percent-encoded, "/" for the RPC products */
	const char *query;		/* as for sign_aliyun_rpc; "" if there is none */
	const char *content_type;	/* NULL: none is sent */
	msec at;
};
struct sign_acs3_sent {
	char date[sizeof("2006-01-02T15:04:05Z")];	/* x-acs-date */
	char content_sha256[65];			/* x-acs-content-sha256 */
};
void sign_acs3(struct buf *out, struct sign_acs3_sent *sent, const struct sign_acs3 *,
	       const char *body, size_t len);

/* Huawei Cloud X-WSSE.  Appends the value of the X-WSSE header; the Authorization header beside
 * it is the fixed text below. */
#define SIGN_WSSE_AUTHORIZATION "WSSE realm=\"SDP\",profile=\"UsernameToken\",type=\"Appkey\""
struct sign_wsse {
	const char *app_key, *secret, *nonce;
	bool hex;	/* Base64 of the hash's hex digits, which some gateways want */
	msec at;
};
void sign_wsse(struct buf *out, const struct sign_wsse *);
/* Huawei Cloud X-AKSK, the same with an HMAC (`hex` is not looked at). */
#define SIGN_AKSK_AUTHORIZATION "AKSK realm=\"SDP\",profile=\"UsernameToken\",type=\"Appkey\""
void sign_aksk(struct buf *out, const struct sign_wsse *);

/* Huawei Cloud SDK-HMAC-SHA256 (AK/SK) over host and x-sdk-date.  Appends the value of the
 * Authorization header and fills `date`, the value of X-Sdk-Date. */
struct sign_sdk {
	const char *key_id, *key, *method, *host;
	const char *path;	/* percent-encoded, as it is sent; signed with a "/" at its end */
	const char *query;	/* as for sign_aliyun_rpc; "" if there is none */
	msec at;
};
void sign_sdk(struct buf *out, char date[sizeof("20060102T150405Z")], const struct sign_sdk *,
	      const char *body, size_t len);

/* Signature version 4, by which a request to a path of "/" is signed for a region and a service.
 * `content_type` is sent as it is here.  Both append the value of the Authorization header. */
#define SIGN_AWS4_TYPE "application/x-amz-json-1.0"
struct sign_v4 {
	const char *key_id, *key, *region, *service, *method, *host, *query, *content_type;
	const char *target;	/* AWS: X-Amz-Target; NULL = none */
	msec at;
};
#define SIGN_V4_DATE sizeof("20060102T150405Z")
/* AWS, AWS4-HMAC-SHA256; fills `date`, the value of X-Amz-Date. */
void sign_aws4(struct buf *out, char date[SIGN_V4_DATE], const struct sign_v4 *, const char *body,
	       size_t len);
/* Volcengine, HMAC-SHA256; fills `date` (X-Date) and `sha256` (X-Content-Sha256). */
void sign_volc(struct buf *out, char date[SIGN_V4_DATE], char sha256[65], const struct sign_v4 *,
	       const char *body, size_t len);

#endif
