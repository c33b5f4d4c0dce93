/* lenient.c -- what stands in lenient.h.  A text is mended where it cannot be read, never guessed
 * at; what reads strictly is left as it is. */
#include "drivers/http/lenient.h"

#include <ctype.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/segment.h"

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

struct cursor {
	const char *at, *end;
	bool keep_nul;
};

static size_t
left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* One character that is not ASCII, or what stands for it. */
static void
take_wide(struct cursor *c, struct buf *out)
{
	unsigned char lead = (unsigned char)*c->at;
	size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

	if (len <= left(c) && utf8_check(c->at, len, NULL) == 0) {
		buf_add(out, c->at, len);
	} else {
		buf_puts(out, REPLACEMENT);
		/* Half a pair that somebody encoded by itself is one character. */
		len = left(c) >= 3 && lead == 0xed && ((unsigned char)c->at[1] & 0xe0) == 0xa0 &&
			((unsigned char)c->at[2] & 0xc0) == 0x80 ? 3 : 1;
	}
	c->at += len;
}

/* The code of "\uXXXX" at `at`, or -1. */
static long
code_at(const char *at, const char *end)
{
	static const char digits[] = "0123456789abcdef";
	long code = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const char *digit = at[i] ? strchr(digits, tolower((unsigned char)at[i])) : NULL;

		if (!digit)
			return -1;
		code = code * 16 + (digit - digits);
	}
	return code;
}

static void
take_escape(struct cursor *c, struct buf *out)
{
	long code = code_at(c->at, c->end), next = code < 0 ? -1 : code_at(c->at + 6, c->end);
	size_t len = code < 0 ? 2 : 6;

	if (code == 0 && !c->keep_nul) {
		/* left out */
	} else if (code >= 0xd800 && code < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
		buf_add(out, c->at, len = 12);
	} else if (code >= 0xd800 && code < 0xe000) {
		buf_puts(out, REPLACEMENT);
	} else if (code >= 0 || (left(c) > 1 && strchr("\"\\/bfnrt", c->at[1]) && c->at[1])) {
		buf_add(out, c->at, len);
	} else {
		buf_puts(out, "\\\\");	/* a backslash that escapes nothing */
		len = 1;
	}
	c->at += len;
}

/* The inside of a string, up to its closing quote. */
static void
take_string(struct cursor *c, struct buf *out)
{
	while (c->at < c->end && *c->at != '"') {
		unsigned char one = (unsigned char)*c->at;

		if (one == '\\') {
			take_escape(c, out);
		} else if (one >= 0x80) {
			take_wide(c, out);
		} else {
			if (one >= 0x20)
				buf_add(out, c->at, 1);
			else if (one || c->keep_nul)
				buf_printf(out, "\\u%04x", one);
			c->at++;
		}
	}
}

/* A number that jansson cannot hold becomes the text of its digits. */
static void
take_number(struct cursor *c, struct buf *out)
{
	json_t *number;
	size_t len = 0;

	while (len < left(c) && c->at[len] && strchr("+-.0123456789eE", c->at[len]))
		len++;
	number = json_loadb(c->at, len, JSON_DECODE_ANY, NULL);
	buf_printf(out, number ? "%.*s" : "\"%.*s\"", (int)len, c->at);
	json_decref(number);
	c->at += len;
}

static void
mend(struct cursor *c, struct buf *out)
{
	while (c->at < c->end) {
		if (*c->at == '-' || (*c->at >= '0' && *c->at <= '9')) {
			take_number(c, out);
			continue;
		}
		buf_add(out, c->at, 1);
		if (*c->at++ != '"')
			continue;
		take_string(c, out);
		if (c->at < c->end)
			buf_add(out, c->at++, 1);
	}
}

json_t *
lenient_json(const char *bytes, size_t len, size_t flags)
{
	struct cursor c = { bytes, bytes + len, (flags & JSON_ALLOW_NUL) != 0 };
	json_t *json = json_loadb(bytes, len, flags, NULL);
	struct buf mended = { 0 };

	if (json)
		return json;
	mend(&c, &mended);
	json = json_loadb(mended.data ? mended.data : "", mended.len, flags, NULL);
	buf_fini(&mended);
	return json;
}

char *
lenient_text(const char *bytes, size_t len)
{
	struct cursor c = { bytes, bytes + len, false };
	struct buf out = { 0 };

	while (c.at < c.end) {
		if ((unsigned char)*c.at >= 0x80) {
			take_wide(&c, &out);
			continue;
		}
		if (*c.at)
			buf_add(&out, c.at, 1);
		c.at++;
	}
	return buf_take(&out);
}

json_t *
lenient_packed(const char *text)
{
	size_t len = 0;
	char *decoded;
	json_t *json;

	if (!text)
		return NULL;
	if (text[0] != '%')		/* as JSON never begins */
		return lenient_json(text, strlen(text), 0);
	decoded = evhttp_uridecode(text, 1, &len);
	json = decoded ? lenient_json(decoded, len, 0) : NULL;
	free(decoded);
	return json;
}
