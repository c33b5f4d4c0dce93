/* url.c -- an origin, read strictly. */
#include "core/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define USER_BYTES LETTERS DIGITS "-._~!$&'()*+,;=%:"	/* RFC 3986, 3.2.1 */

/* Visible ASCII only; "\" some take for "/", and behind "#" nothing is sent to anybody. */
static bool
is_clean(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 127 || strchr("\\\"<>^`{|}#", text[i]))
			return false;
	return len > 0 && len <= URL_MAX;
}

static int
take_host(struct url *out, const char *host, size_t len)
{
	if (!len || len > URL_HOST_MAX)
		return -1;
	for (size_t i = 0; i < len; i++)
		out->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
	out->host[len] = '\0';
	if (memchr(host, ':', len))
		return strspn(out->host, DIGITS "abcdef:.") == len ? 0 : -1;	/* whoever connects reads it whole */
	return strspn(out->host, LETTERS DIGITS "-._") == len && out->host[0] != '.' ? 0 : -1;
}

/* What stands behind the host: nothing, or ":" and a port. */
static int
take_port(struct url *out, const char *text, size_t len)
{
	unsigned long port = 0;

	if (!len) {
		out->port = out->tls ? 443 : 80;
		return 0;
	}
	if (text[0] != ':' || len < 2 || len > 6 || strspn(text + 1, DIGITS) < len - 1)
		return -1;
	port = strtoul(text + 1, NULL, 10);
	if (!port || port > UINT16_MAX)
		return -1;
	out->port = (uint16_t)port;
	return 0;
}

int
url_parse(struct url *out, const char *text)
{
	const char *p, *host, *end, *at;
	size_t len;

	*out = (struct url){ .tls = strncasecmp(text, "https://", 8) == 0 };
	if (!is_clean(text) || (!out->tls && strncasecmp(text, "http://", 7) != 0))
		return -1;
	p = text + (out->tls ? 8 : 7);
	end = p + strcspn(p, "/?");
	out->rest_at = (size_t)(end - text);
	at = memchr(p, '@', (size_t)(end - p));
	if (at) {
		out->user_at = (size_t)(p - text);
		out->user_len = (size_t)(at - p);
		if (strspn(p, USER_BYTES) != out->user_len)
			return -1;
		p = at + 1;
	}
	host = *p == '[' ? p + 1 : p;
	len = *p == '[' ? strcspn(host, "]") : strcspn(host, ":/?");
	if (host + len > end || (*p == '[' && !memchr(host, ':', len)) || (*p != '[' && memchr(host, ':', len)))
		return -1;
	p = host + len + (*p == '[');
	return p > end || take_host(out, host, len) < 0 ? -1 : take_port(out, p, (size_t)(end - p));
}

bool
url_same_origin(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool
url_is_loopback(const struct url *u)
{
	if (strncmp(u->host, "127.", 4) == 0 && strspn(u->host, DIGITS ".") == strlen(u->host))
		return true;
	return strcmp(u->host, "localhost") == 0 || strcmp(u->host, "::1") == 0;
}

void
url_shown(struct buf *out, const char *text)
{
	struct url u;
	bool six;

	if (url_parse(&u, text) < 0) {
		buf_puts(out, "?");
		return;
	}
	six = strchr(u.host, ':') != NULL;
	buf_printf(out, "http%s://%s%s%s", u.tls ? "s" : "", six ? "[" : "", u.host, six ? "]" : "");
	if (u.port != (u.tls ? 443 : 80))
		buf_printf(out, ":%u", u.port);
	buf_add(out, text + u.rest_at, strcspn(text + u.rest_at, "?"));
}
