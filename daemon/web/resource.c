/* resource.c -- one contact or one division: with an ETag when it is read, and looked at by it when it is
 * changed.  The tag begins with the version of the row and ends with a digest of what is shown, for that
 * is in somebody's language, and names other rows. */
#include "daemon/web/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
resource_get(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct read_query *q = read_prepare(web, c, x);
	struct err err;

	if (!q)
		return;
	if (q->what == READ_CONTACT) {
		snprintf(q->filter.contact, sizeof(q->filter.contact), "%s", x->place.name);
	} else if (division_parse(&q->filter.division, x->place.name, &err) < 0) {
		err_about(&err, about(CONCEPT_CODE));
		web_refuse(c, &err);
		free(q);
		return;
	}
	read_ask(web, c, q);
}

static void
put_etag(char out[SITE_ETAG], long long version, const char *json)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	int n;

	EVP_Digest(json, strlen(json), digest, NULL, EVP_sha256(), NULL);
	n = snprintf(out, SITE_ETAG, "\"%lld-", version);
	for (int i = 0; i < 6; i++)
		n += snprintf(out + n, SITE_ETAG - (size_t)n, "%02x", digest[i]);
	snprintf(out + n, SITE_ETAG - (size_t)n, "\"");
}

void
resource_give(struct web *web, struct http_conn *c, const char *body)
{
	char etag[SITE_ETAG], headers[READ_HEADERS], extra[READ_HEADERS + SITE_ETAG + 40];
	const char *json = strchr(body, '\n') + 1;
	bool has_it;

	put_etag(etag, strtoll(body, NULL, 10), json);
	has_it = site_has_etag(http_header(http_request(c), "if-none-match"), etag);
	snprintf(extra, sizeof(extra), "%sETag: %s\r\nVary: Accept-Language\r\n", web_headers(web, c, headers),
		 etag);
	http_answer(c, has_it ? 304 : 200, "application/json", extra, json, has_it ? 0 : strlen(json), 0);
}

void
resource_match(const struct http_conn *c, struct if_match *out)
{
	const char *p = http_header(http_request(c), "if-match");

	*out = (struct if_match){ .given = p != NULL };
	while (p && *p) {
		char *end;
		long long version;

		p += strspn(p, " ,");
		if (*p == '*')
			out->any = true;
		else if (*p == '"' && (version = strtoll(p + 1, &end, 10)) > 0 && *end == '-' &&
			 out->count < IF_MATCH_MAX)
			out->versions[out->count++] = version;
		p += strcspn(p, ",");
	}
}
