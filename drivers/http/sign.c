/* sign.c -- what stands in sign.h, on OpenSSL's digests.  It reads no clock and keeps no key. */
#include "drivers/http/sign.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
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

static void
digest_hex(struct buf *out, const EVP_MD *md, const char *text, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int ok = EVP_Digest(text ? text : "", len, digest, &n, md, NULL);

	assert(ok == 1);	/* a library without this digest cannot sign anything */
	add_hex(out, digest, n);
}

void
sign_md5(struct buf *out, const char *text, size_t len)
{
	digest_hex(out, EVP_md5(), text, len);
}

void
sign_base64(struct buf *out, const char *bytes, size_t len)
{
	unsigned char *text = xmalloc((len + 2) / 3 * 4 + 1);
	int n = EVP_EncodeBlock(text, (const unsigned char *)(bytes ? bytes : ""), (int)len);

	buf_add(out, text, (size_t)n);
	free(text);
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
	time_t seconds = (time_t)(s->at / 1000);
	char day[16];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	buf_printf(&request, "POST\n/\n\ncontent-type:" SIGN_TC3_TYPE "\nhost:%s\nx-tc-action:",
		   s->host);
	for (const char *c = s->action; *c; c++)
		buf_add(&request, (char[]){ (char)tolower((unsigned char)*c) }, 1);
	buf_printf(&request, "\n\n%s\n", signed_headers);
	digest_hex(&request, EVP_sha256(), body, len);
	buf_printf(&text, "TC3-HMAC-SHA256\n%lld\n%s/%s/tc3_request\n", (long long)seconds, day,
		   s->service);
	digest_hex(&text, EVP_sha256(), request.data, request.len);
	tc3_key(s, day, key);
	n = hmac(EVP_sha256(), key, 32, text.data, text.len, signature);
	buf_printf(out, "TC3-HMAC-SHA256 Credential=%s/%s/%s/tc3_request, SignedHeaders=%s, "
		   "Signature=", s->key_id, day, s->service, signed_headers);
	add_hex(out, signature, n);
	buf_fini(&request);
	buf_fini(&text);
}

/* By the names alone: compared whole, "=" would sort behind the digits of a longer name. */
static int
by_name(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *two = *(char *const *)b;
	size_t len = strcspn(one, "="), other = strcspn(two, "=");
	int order = memcmp(one, two, len < other ? len : other);

	return order ? order : (len > other) - (len < other);
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
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t n;

	sort_pairs(query);
	buf_printf(&text, "%s&%%2F&", method);
	sign_percent(&text, query->data, query->len);
	buf_printf(&secret, "%s&", key);	/* no second key: the "&" stands all the same */
	n = hmac(EVP_sha1(), secret.data, secret.len, text.data, text.len, digest);
	sign_base64(&signature, (char *)digest, n);
	buf_puts(query, "&Signature=");
	sign_percent(query, signature.data, signature.len);
	buf_fini(&text);
	buf_fini(&secret);
	buf_fini(&signature);
}
