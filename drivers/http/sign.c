/* sign.c -- what stands in sign.h, on OpenSSL's digests.  It reads no clock and keeps no key. */
#include "drivers/http/sign.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void
sign_percent(struct buf *out, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	char escaped[768];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    c == '-' || c == '_' || c == '.' || c == '~') {
			escaped[used++] = (char)c;
		} else {
			escaped[used++] = '%';
			escaped[used++] = hex[c >> 4];
			escaped[used++] = hex[c & 15];
		}
		if (used > sizeof(escaped) - 4) {
			buf_add(out, escaped, used);
			used = 0;
		}
	}
	buf_add(out, escaped, used);
}

static void
add_hex(struct buf *out, const unsigned char *digest, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%02x", digest[i]);
}

void
sign_base64(struct buf *out, const char *bytes, size_t len)
{
	unsigned char *text = xmalloc((len + 2) / 3 * 4 + 1);
	int n = EVP_EncodeBlock(text, (const unsigned char *)(bytes ? bytes : ""), (int)len);

	buf_add(out, text, (size_t)n);
	free(text);
}

static void
add_digest(struct buf *out, enum sign_as as, const unsigned char *digest, size_t len)
{
	if (as == AS_HEX)
		add_hex(out, digest, len);
	else
		sign_base64(out, (const char *)digest, len);
}

static const EVP_MD *
md_of(enum sign_hash hash)
{
	static const EVP_MD *(*const all[])(void) = {
		[HASH_MD5] = EVP_md5, [HASH_SHA1] = EVP_sha1,
		[HASH_SHA256] = EVP_sha256, [HASH_SHA512] = EVP_sha512,
	};

	return all[hash]();
}

void
sign_hash(struct buf *out, enum sign_hash hash, enum sign_as as, const char *text, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int ok = EVP_Digest(text ? text : "", len, digest, &n, md_of(hash), NULL);

	assert(ok == 1);	/* a library without this digest cannot sign anything */
	add_digest(out, as, digest, n);
}

void
sign_md5(struct buf *out, const char *text, size_t len)
{
	sign_hash(out, HASH_MD5, AS_HEX, text, len);
}

static size_t
hmac(const EVP_MD *md, const void *key, size_t key_len, const char *text, size_t len,
     unsigned char out[EVP_MAX_MD_SIZE])
{
	unsigned n = 0;
	unsigned char *done = HMAC(md, key, (int)key_len, (const unsigned char *)text, len, out, &n);

	assert(done);
	return n;
}

void
sign_hmac(struct buf *out, enum sign_hash hash, enum sign_as as, const char *key,
	  const char *text, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	add_digest(out, as, digest, hmac(md_of(hash), key, strlen(key), text, len, digest));
}

void
sign_basic(struct buf *out, const char *id, const char *key)
{
	struct buf pair = { 0 };

	buf_printf(&pair, "%s:%s", id, key);
	buf_puts(out, "Basic ");
	sign_base64(out, pair.data, pair.len);
	buf_fini(&pair);
}

/* Always UTC, whatever the zone of the machine. */
static void
format_utc(char *out, size_t size, const char *format, msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, size, format, &tm);
	assert(n > 0);
}

/* TC3 derives its key from the day (UTC, never local time), the service and a fixed word. */
static void
tc3_key(const struct sign_tc3 *s, const char *day, unsigned char out[EVP_MAX_MD_SIZE])
{
	unsigned char date[EVP_MAX_MD_SIZE], service[EVP_MAX_MD_SIZE];
	struct buf first = { 0 };
	size_t n;

	buf_printf(&first, "TC3%s", s->key);
	n = hmac(EVP_sha256(), first.data, first.len, day, strlen(day), date);
	n = hmac(EVP_sha256(), date, n, s->service, strlen(s->service), service);
	hmac(EVP_sha256(), service, n, "tc3_request", 11, out);
	buf_fini(&first);
}

void
sign_tc3(struct buf *out, const struct sign_tc3 *s, const char *body, size_t len)
{
	static const char signed_headers[] = "content-type;host;x-tc-action";
	struct buf request = { 0 }, text = { 0 };
	unsigned char key[EVP_MAX_MD_SIZE], signature[EVP_MAX_MD_SIZE];
	char day[16];
	size_t n;

	format_utc(day, sizeof(day), "%Y-%m-%d", s->at);
	buf_printf(&request, "POST\n/\n\ncontent-type:" SIGN_TC3_TYPE "\nhost:%s\nx-tc-action:",
		   s->host);
	for (const char *c = s->action; *c; c++)
		buf_add(&request, (char[]){ (char)tolower((unsigned char)*c) }, 1);
	buf_printf(&request, "\n\n%s\n", signed_headers);
	sign_hash(&request, HASH_SHA256, AS_HEX, body, len);
	buf_printf(&text, "TC3-HMAC-SHA256\n%lld\n%s/%s/tc3_request\n", (long long)(s->at / 1000),
		   day, s->service);
	sign_hash(&text, HASH_SHA256, AS_HEX, request.data, request.len);
	tc3_key(s, day, key);
	n = hmac(EVP_sha256(), key, 32, text.data, text.len, signature);
	buf_printf(out, "TC3-HMAC-SHA256 Credential=%s/%s/%s/tc3_request, SignedHeaders=%s, "
		   "Signature=", s->key_id, day, s->service, signed_headers);
	add_hex(out, signature, n);
	buf_fini(&request);
	buf_fini(&text);
}

/* By the names first: compared whole, "=" would sort behind the digits of a longer name. */
static int
by_name(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *two = *(char *const *)b;
	size_t len = strcspn(one, "="), other = strcspn(two, "=");
	int order = memcmp(one, two, len < other ? len : other);

	if (!order)
		order = (len > other) - (len < other);
	return order ? order : strcmp(one, two);
}

static void
sort_pairs(struct buf *query)
{
	char *text = buf_take(query), *rest = text, *pair, **pairs = NULL;
	size_t count = 0;

	while ((pair = strsep(&rest, "&"))) {
		pairs = xrealloc(pairs, (count + 1) * sizeof(*pairs));
		pairs[count++] = pair;
	}
	assert(pairs);			/* even an empty text is one pair */
	qsort(pairs, count, sizeof(*pairs), by_name);
	for (size_t i = 0; i < count; i++)
		buf_printf(query, "%s%s", i ? "&" : "", pairs[i]);
	free(pairs);
	free(text);
}

void
sign_aliyun_rpc(struct buf *query, const char *method, const char *key)
{
	struct buf text = { 0 }, secret = { 0 }, signature = { 0 };

	sort_pairs(query);
	buf_printf(&text, "%s&%%2F&", method);
	sign_percent(&text, query->data, query->len);
	buf_printf(&secret, "%s&", key);	/* no second key: the "&" stands all the same */
	sign_hmac(&signature, HASH_SHA1, AS_BASE64, secret.data, text.data, text.len);
	buf_puts(query, "&Signature=");
	sign_percent(query, signature.data, signature.len);
	buf_fini(&text);
	buf_fini(&secret);
	buf_fini(&signature);
}

/* Appends the hash of the canonical request that ACS3 and SDK-HMAC-SHA256 have in common;
 * `headers` are whole lines, in the order of the names in `signed_headers`. */
static void
hash_canonical(struct buf *out, const char *method, const char *path, const char *query,
	       const char *headers, const char *signed_headers, const char *body_sha256)
{
	struct buf sorted = { 0 }, request = { 0 };

	buf_puts(&sorted, query);
	sort_pairs(&sorted);
	buf_printf(&request, "%s\n%s\n%s\n%s\n%s\n%s", method, path, sorted.data, headers,
		   signed_headers, body_sha256);
	sign_hash(out, HASH_SHA256, AS_HEX, request.data, request.len);
	buf_fini(&sorted);
	buf_fini(&request);
}

void
sign_acs3(struct buf *out, struct sign_acs3_sent *sent, const struct sign_acs3 *s,
	  const char *body, size_t len)
{
	static const char all[] = "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;"
				  "x-acs-signature-nonce;x-acs-version";
	const char *names = s->content_type ? all : all + strlen("content-type;");
	struct buf hash = { 0 }, headers = { 0 }, text = { 0 };

	format_utc(sent->date, sizeof(sent->date), "%Y-%m-%dT%H:%M:%SZ", s->at);
	sign_hash(&hash, HASH_SHA256, AS_HEX, body, len);
	memcpy(sent->content_sha256, hash.data, sizeof(sent->content_sha256));
	if (s->content_type)
		buf_printf(&headers, "content-type:%s\n", s->content_type);
	buf_printf(&headers, "host:%s\nx-acs-action:%s\nx-acs-content-sha256:%s\nx-acs-date:%s\n"
		   "x-acs-signature-nonce:%s\nx-acs-version:%s\n", s->host, s->action, hash.data,
		   sent->date, s->nonce, s->version);
	buf_puts(&text, "ACS3-HMAC-SHA256\n");
	hash_canonical(&text, s->method, s->path, s->query, headers.data, names, hash.data);
	buf_printf(out, "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=", s->key_id,
		   names);
	sign_hmac(out, HASH_SHA256, AS_HEX, s->key, text.data, text.len);
	buf_fini(&hash);
	buf_fini(&headers);
	buf_fini(&text);
}

void
sign_wsse(struct buf *out, const struct sign_wsse *s)
{
	char created[sizeof("2006-01-02T15:04:05Z")];
	struct buf text = { 0 }, hex = { 0 };

	format_utc(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", s->at);
	buf_printf(&text, "%s%s%s", s->nonce, created, s->secret);
	buf_printf(out, "UsernameToken Username=\"%s\",PasswordDigest=\"", s->app_key);
	if (s->hex) {
		sign_hash(&hex, HASH_SHA256, AS_HEX, text.data, text.len);
		sign_base64(out, hex.data, hex.len);
	} else {
		sign_hash(out, HASH_SHA256, AS_BASE64, text.data, text.len);
	}
	buf_printf(out, "\",Nonce=\"%s\",Created=\"%s\"", s->nonce, created);
	buf_fini(&text);
	buf_fini(&hex);
}

void
sign_aksk(struct buf *out, const struct sign_wsse *s)
{
	char created[sizeof("2006-01-02T15:04:05Z")];
	struct buf text = { 0 };

	format_utc(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", s->at);
	buf_printf(&text, "%s%s", s->nonce, created);
	buf_printf(out, "UsernameToken Username=\"%s\",PasswordDigest=\"", s->app_key);
	sign_hmac(out, HASH_SHA256, AS_BASE64, s->secret, text.data, text.len);
	buf_printf(out, "\",Nonce=\"%s\",Created=\"%s\"", s->nonce, created);
	buf_fini(&text);
}

void
sign_sdk(struct buf *out, char date[sizeof("20060102T150405Z")], const struct sign_sdk *s,
	 const char *body, size_t len)
{
	struct buf hash = { 0 }, headers = { 0 }, path = { 0 }, text = { 0 };

	format_utc(date, sizeof("20060102T150405Z"), "%Y%m%dT%H%M%SZ", s->at);
	sign_hash(&hash, HASH_SHA256, AS_HEX, body, len);
	buf_printf(&headers, "host:%s\nx-sdk-date:%s\n", s->host, date);
	buf_puts(&path, s->path);
	if (!path.len || path.data[path.len - 1] != '/')
		buf_puts(&path, "/");
	buf_printf(&text, "SDK-HMAC-SHA256\n%s\n", date);
	hash_canonical(&text, s->method, path.data, s->query, headers.data, "host;x-sdk-date",
		       hash.data);
	buf_printf(out, "SDK-HMAC-SHA256 Access=%s, SignedHeaders=host;x-sdk-date, Signature=",
		   s->key_id);
	sign_hmac(out, HASH_SHA256, AS_HEX, s->key, text.data, text.len);
	buf_fini(&hash);
	buf_fini(&headers);
	buf_fini(&path);
	buf_fini(&text);
}

/* What the two that sign by version 4 do not share. */
struct v4_kind {
	const char *algorithm, *key_prefix, *last_word;
};

/* The key of a day, a region and a service. */
static void
v4_key(unsigned char out[EVP_MAX_MD_SIZE], const struct v4_kind *kind, const struct sign_v4 *s,
       const char *day)
{
	const char *const words[] = { day, s->region, s->service, kind->last_word };
	struct buf first = { 0 };
	size_t len;

	buf_printf(&first, "%s%s", kind->key_prefix, s->key);
	len = hmac(EVP_sha256(), first.data, first.len, words[0], strlen(words[0]), out);
	for (size_t i = 1; i < sizeof(words) / sizeof(*words); i++) {
		unsigned char next[EVP_MAX_MD_SIZE];

		len = hmac(EVP_sha256(), out, len, words[i], strlen(words[i]), next);
		memcpy(out, next, len);
	}
	buf_fini(&first);
}

static void
sign_v4(struct buf *out, const struct v4_kind *kind, const struct sign_v4 *s, const char *date,
	const char *headers, const char *names, const char *body_sha256)
{
	unsigned char key[EVP_MAX_MD_SIZE], signature[EVP_MAX_MD_SIZE];
	struct buf scope = { 0 }, text = { 0 };
	char day[sizeof("20060102")];
	size_t n;

	snprintf(day, sizeof(day), "%.8s", date);
	buf_printf(&scope, "%s/%s/%s/%s", day, s->region, s->service, kind->last_word);
	buf_printf(&text, "%s\n%s\n%s\n", kind->algorithm, date, scope.data);
	hash_canonical(&text, s->method, "/", s->query, headers, names, body_sha256);
	v4_key(key, kind, s, day);
	n = hmac(EVP_sha256(), key, 32, text.data, text.len, signature);
	buf_printf(out, "%s Credential=%s/%s, SignedHeaders=%s, Signature=", kind->algorithm, s->key_id,
		   scope.data, names);
	add_hex(out, signature, n);
	buf_fini(&scope);
	buf_fini(&text);
}

void
sign_aws4(struct buf *out, char date[SIGN_V4_DATE], const struct sign_v4 *s, const char *body, size_t len)
{
	static const struct v4_kind kind = { "AWS4-HMAC-SHA256", "AWS4", "aws4_request" };
	struct buf hash = { 0 }, headers = { 0 };

	format_utc(date, SIGN_V4_DATE, "%Y%m%dT%H%M%SZ", s->at);
	sign_hash(&hash, HASH_SHA256, AS_HEX, body, len);
	buf_printf(&headers, "content-type:%s\nhost:%s\nx-amz-date:%s\n", s->content_type, s->host, date);
	if (s->target)
		buf_printf(&headers, "x-amz-target:%s\n", s->target);
	sign_v4(out, &kind, s, date, headers.data, s->target ? "content-type;host;x-amz-date;x-amz-target"
		: "content-type;host;x-amz-date", hash.data);
	buf_fini(&hash);
	buf_fini(&headers);
}

void
sign_volc(struct buf *out, char date[SIGN_V4_DATE], char sha256[65], const struct sign_v4 *s,
	  const char *body, size_t len)
{
	static const struct v4_kind kind = { "HMAC-SHA256", "", "request" };
	struct buf hash = { 0 }, headers = { 0 };

	format_utc(date, SIGN_V4_DATE, "%Y%m%dT%H%M%SZ", s->at);
	sign_hash(&hash, HASH_SHA256, AS_HEX, body, len);
	snprintf(sha256, 65, "%s", hash.data);
	buf_printf(&headers, "content-type:%s\nhost:%s\nx-content-sha256:%s\nx-date:%s\n", s->content_type,
		   s->host, sha256, date);
	sign_v4(out, &kind, s, date, headers.data, "content-type;host;x-content-sha256;x-date", sha256);
	buf_fini(&hash);
	buf_fini(&headers);
}
