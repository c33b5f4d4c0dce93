/* http_parse.c -- the head of a request and chunked bodies; strict, because what two parsers
 * read differently is how requests are smuggled (RFC 9110, RFC 9112). */
#include "daemon/web/http.h"

#include <string.h>
#include <strings.h>

static bool
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Cuts the line at *p off (CR LF, or LF alone) and moves on; NULL at the end. */
static char *
next_line(char **p, char *end)
{
	char *line = *p, *lf = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

	if (!lf)
		return NULL;
	*p = lf + 1;
	if (lf > line && lf[-1] == '\r')
		lf--;
	*lf = '\0';
	return line;
}

static int
request_line(struct http_request *r, char *line, bool *http_1_0, struct err *err)
{
	char *target = strchr(line, ' '), *version = target ? strrchr(target + 1, ' ') : NULL;
	char *mark;

	if (!version)
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_first_line);
	*target++ = '\0';
	*version++ = '\0';
	for (const char *p = line; *p; p++)
		if (!is_token(*p))
			return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_method);
	for (const unsigned char *p = (unsigned char *)target; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_path_bytes);
	if (!*line || *target != '/')
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_path_slash);
	*http_1_0 = strcmp(version, "HTTP/1.0") == 0;
	if (!*http_1_0 && strcmp(version, "HTTP/1.1") != 0)
		return err_say(err, REFUSED_UNKNOWN_VERSION, about(CONCEPT_NONE), http_version);
	mark = strchr(target, '?');
	if (mark)
		*mark++ = '\0';
	r->method = line;
	r->path = target;
	r->query = mark;
	return 0;
}

static int
header_line(struct http_request *r, char *line, size_t *count, struct err *err)
{
	char *colon = strchr(line, ':'), *value, *end;

	if (*line == ' ' || *line == '\t' || !colon || colon == line)
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_header_line);
	*colon = '\0';
	for (char *p = line; *p; p++) {
		if (!is_token(*p))
			return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_header_name);
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (const unsigned char *p = (unsigned char *)value; *p; p++)
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_header_value);
	if (*count == HTTP_HEADERS_MAX)
		return err_say(err, REFUSED_HEAD_TOO_LARGE, about(CONCEPT_NONE), http_headers_max);
	r->headers[2 * *count] = line;
	r->headers[2 * *count + 1] = value;
	r->headers[2 * ++*count] = NULL;
	return 0;
}

const char *
http_header(const struct http_request *r, const char *name)
{
	for (const char *const *h = r->headers; *h; h += 2)
		if (strcmp(h[0], name) == 0)
			return h[1];
	return NULL;
}

static bool
is_repeated(const struct http_request *r, const char *name)
{
	int count = 0;

	for (const char *const *h = r->headers; *h; h += 2)
		count += strcmp(h[0], name) == 0;
	return count > 1;
}

static int
framing(struct http_request *r, struct err *err)
{
	const char *length = http_header(r, "content-length");
	const char *coding = http_header(r, "transfer-encoding");

	if (length && coding)
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_two_lengths);
	if (coding && strcasecmp(coding, "chunked") != 0)
		return err_say(err, REFUSED_UNKNOWN_CODING, about(CONCEPT_NONE), http_coding);
	r->chunked = coding != NULL;
	if (!length)
		return 0;
	if (!*length || strspn(length, "0123456789") != strlen(length) || strlen(length) > 18)
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_length);
	for (; *length; length++)
		r->length = r->length * 10 + (uint64_t)(*length - '0');
	return 0;
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		list += strspn(list, " \t,");
		if (strncasecmp(list, word, len) == 0 && strcspn(list, " \t,") == len)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

int
http_head_parse(struct http_request *r, char *head, size_t len, struct err *err)
{
	static const char *const once[] = { "host", "content-length", "transfer-encoding",
					    "content-type", "authorization", "idempotency-key" };
	char *p = head, *line;
	bool http_1_0 = false;
	size_t count = 0;
	const char *expect;

	*r = (struct http_request){ .method = "", .path = "" };
	if (memchr(head, '\0', len))
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_nul);
	line = next_line(&p, head + len);
	if (!line)
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_head_empty);
	if (request_line(r, line, &http_1_0, err) < 0)
		return -1;
	while ((line = next_line(&p, head + len)) && *line)
		if (header_line(r, line, &count, err) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
		if (is_repeated(r, once[i]))
			return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_HEADER, once[i]),
				       http_header_twice);
	if (!http_1_0 && !http_header(r, "host"))
		return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_no_host);
	r->http_1_0 = http_1_0;
	r->keep_alive = http_1_0 ? has_word(http_header(r, "connection"), "keep-alive")
				 : !has_word(http_header(r, "connection"), "close");
	expect = http_header(r, "expect");
	if (expect && strcasecmp(expect, "100-continue") != 0)
		return err_say(err, REFUSED_NO_SUCH_WISH, about(CONCEPT_NONE), http_expectation);
	r->expect_continue = expect != NULL && !http_1_0;
	return framing(r, err);
}

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LINE, TRAILER_LF };

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
size_char(struct http_chunks *c, char ch)
{
	if (hex(ch) >= 0) {
		if (++c->digits > 15)
			return -1;
		c->left = c->left * 16 + (uint64_t)hex(ch);
		return 0;
	}
	if (!c->digits || (ch != ';' && ch != '\r'))
		return -1;
	c->state = ch == ';' ? EXTENSION : SIZE_LF;
	return 0;
}

/* Extensions and trailers are read and forgotten, up to a limit. */
static int
ignored_char(struct http_chunks *c, char ch)
{
	if (++c->trailer > 4096)
		return -1;
	if (c->state == EXTENSION) {
		c->state = ch == '\r' ? SIZE_LF : EXTENSION;
		return ch == '\n' ? -1 : 0;
	}
	if (ch == '\n')
		c->state = TRAILER;
	return 0;
}

/* The one character that must come here. */
static int
must_be(struct http_chunks *c, char ch, char wanted, int next)
{
	c->state = next;
	return ch == wanted ? 0 : -1;
}

/* One character between the data; -1 = malformed, 1 = the body has ended. */
static int
between(struct http_chunks *c, char ch)
{
	switch (c->state) {
	case SIZE:
		return size_char(c, ch);
	case EXTENSION:
	case TRAILER_LINE:
		return ignored_char(c, ch);
	case SIZE_LF:
		c->digits = 0;
		return must_be(c, ch, '\n', c->left ? DATA : TRAILER);
	case DATA_CR:
		return must_be(c, ch, '\r', DATA_LF);
	case DATA_LF:
		return must_be(c, ch, '\n', SIZE);
	case TRAILER:			/* at the beginning of a line */
		c->state = ch == '\r' ? TRAILER_LF : TRAILER_LINE;
		return ch == '\n' ? -1 : 0;
	case TRAILER_LF:
		return ch == '\n' ? 1 : -1;
	}
	return -1;
}

ssize_t
http_chunks_feed(struct http_chunks *c, const char *bytes, size_t len, http_bytes_fn fn, void *ctx,
		 bool *done)
{
	size_t i = 0;

	*done = false;
	while (i < len) {
		if (c->state == DATA) {
			size_t n = c->left < len - i ? (size_t)c->left : len - i;

			fn(ctx, bytes + i, n);
			i += n;
			c->left -= n;
			if (!c->left)
				c->state = DATA_CR;
			continue;
		}
		switch (between(c, bytes[i++])) {
		case -1:
			return -1;
		case 1:
			*done = true;
			return (ssize_t)i;
		}
	}
	return (ssize_t)len;
}
