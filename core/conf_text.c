/* conf_text.c -- heals a configuration file, character by character; it knows quotes and comments, but
 * no option. */
#include "core/conf_text.h"

#include <ctype.h>
#include <string.h>

#include "core/segment.h"

struct healing {
	const struct conf_text *how;
	const char *p;
	unsigned line;
	unsigned told[PHRASE_COUNT];	/* the line of which it was told last */
	struct buf out;
	struct conf_finding *fault;
};

#define TELL(h, name, ...) tell((h), PHRASE_AND_VALUES(name, __VA_ARGS__))
#define REFUSE(h, name, ...) refuse((h), PHRASE_AND_VALUES(name, __VA_ARGS__))

static void
tell(struct healing *h, enum phrase phrase, const char *const *values)
{
	struct conf_finding f = { .line = h->line };

	if (!h->how->tell || h->told[phrase] == h->line)
		return;
	h->told[phrase] = h->line;
	said_fill(&f.said, phrase, values);
	h->how->tell(h->how->ctx, &f);
}

static bool
refuse(struct healing *h, enum phrase phrase, const char *const *values)
{
	h->fault->line = h->line;
	said_fill(&h->fault->said, phrase, values);
	return false;
}

/* -- bytes -- */

/* Every byte above ASCII is part of a character of GB 18030. */
static bool
is_gbk(const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = p + len;

	for (; p < end; p++) {
		if (*p < 0x80)
			continue;
		if (*p == 0x80 || *p == 0xff || p + 1 == end || p[1] < 0x30 || p[1] == 0x7f || p[1] == 0xff)
			return false;
		p++;
	}
	return true;
}

static unsigned
line_of(const char *bytes, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += bytes[i] == '\n';
	return line;
}

/* The first byte that is no UTF-8; utf8_check says it in words only. */
static size_t
first_bad(const char *bytes, size_t len)
{
	size_t good = 0;

	while (good < len) {
		size_t end = good + 1;

		while (end < len && ((unsigned char)bytes[end] & 0xc0) == 0x80)
			end++;
		if (utf8_check(bytes + good, end - good, NULL) < 0)
			break;
		good = end;
	}
	return good;
}

static bool
is_utf16(const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes;

	return len > 1 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff) ||
			   (!p[0] && p[1]) || (p[0] && !p[1]));
}

static bool
check_bytes(struct healing *h, const char *bytes, size_t len)
{
	const char *nul = memchr(bytes, '\0', len);

	if (is_utf16(bytes, len))
		return REFUSE(h, conf_utf16);
	h->line = line_of(bytes, nul ? (size_t)(nul - bytes) : 0);
	if (nul)
		return REFUSE(h, conf_nul);
	if (utf8_check(bytes, len, NULL) == 0)
		return true;
	h->line = line_of(bytes, first_bad(bytes, len));
	return is_gbk(bytes, len) ? REFUSE(h, conf_gbk) : REFUSE(h, conf_not_utf8);
}

/* -- characters -- */

static bool
begins(const char *p, const char *with)
{
	return strncmp(p, with, strlen(with)) == 0;
}

/* U+FF01 to U+FF5E are ASCII as wide as a Chinese character; 0: it is none of them. */
static char
wide_ascii(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	if (u[0] != 0xef)
		return 0;
	if (u[1] == 0xbc && u[2] >= 0x81)
		return (char)(u[2] - 0x81 + '!');
	return u[1] == 0xbd && u[2] <= 0x9e ? (char)(u[2] - 0x80 + '`') : 0;
}

/* Bytes of what nobody sees: a byte order mark in the middle, a zero-width blank, a word joiner. */
static size_t
unseen(const char *p)
{
	return begins(p, "\ufeff") || begins(p, "\u200b") || begins(p, "\u2060") ? 3 : 0;
}

static size_t
wide_blank(const char *p)
{
	return begins(p, "\u3000") ? 3 : begins(p, "\u00a0") ? 2 : 0;
}

static size_t
curly_double(const char *p)
{
	return begins(p, "“") || begins(p, "”") || begins(p, "„") || begins(p, "＂") ? 3 : 0;
}

static size_t
curly_single(const char *p)
{
	return begins(p, "‘") || begins(p, "’") || begins(p, "＇") ? 3 : 0;
}

/* One character as it is, or without it when nobody can see it; false: it is refused. */
static bool
plain(struct healing *h)
{
	const char *p = h->p;

	if (unseen(p)) {
		TELL(h, conf_unseen);
		h->p += 3;
		return true;
	}
	if (begins(p, "\ufffd") || begins(p, "\xef\xbf\xbe") || begins(p, "\xef\xbf\xbf"))
		return REFUSE(h, conf_lost);
	if (*p == '\r') {
		TELL(h, conf_crlf);
		h->p += p[1] == '\n' ? 1 : 0;
		h->told[PHRASE_conf_crlf] = h->line + 1;	/* once is enough: all lines have it */
		if (p[1] == '\n')
			return true;
		buf_puts(&h->out, "\n");
		h->line++;
		h->p++;
		return true;
	}
	if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
		return REFUSE(h, conf_control);
	h->line += *p == '\n';
	buf_add(&h->out, p, 1);
	h->p++;
	return true;
}

/* -- inside quotes -- */

/* Two braces that open or close a variable, be one of them wide. */
static size_t
pair(const char *p, char narrow, const char *wide)
{
	size_t first = *p == narrow ? 1 : begins(p, wide) ? 3 : 0;
	const char *second = p + first;

	return !first ? 0 : *second == narrow ? first + 1 : begins(second, wide) ? first + 3 : 0;
}

static void
braces(struct healing *h, size_t bytes, const char *narrow)
{
	if (bytes > 2)
		TELL(h, conf_braces);
	buf_puts(&h->out, narrow);
	h->p += bytes;
}

/* One character of a quoted text; *variable: it is between {{ and }}. */
static bool
quoted(struct healing *h, bool *variable)
{
	size_t open = pair(h->p, '{', "｛"), close = pair(h->p, '}', "｝");
	char ascii = *variable ? wide_ascii(h->p) : 0;

	if (open || (close && *variable)) {
		*variable = open > 0;
		braces(h, open ? open : close, open ? "{{" : "}}");
		return true;
	}
	if (ascii) {
		TELL(h, conf_braces);
		buf_add(&h->out, &ascii, 1);
		h->p += 3;
		return true;
	}
	if (*h->p == '\\' && h->p[1] && h->p[1] != '\r' && !plain(h))
		return false;
	return plain(h);
}

/* A text that a plain quote opened: the same closes it. */
static bool
string(struct healing *h)
{
	const char quote = *h->p;
	unsigned begun = h->line;
	bool variable = false, curly = false;

	plain(h);
	while (*h->p && *h->p != quote) {
		curly |= h->line == begun && (quote == '"' ? curly_double(h->p) : curly_single(h->p));
		if (!quoted(h, &variable))
			return false;
		if (curly && h->line > begun) {
			h->line = begun;
			return REFUSE(h, conf_half_quote);
		}
	}
	return !*h->p || plain(h);
}

/* One that a curly quote opened: on the same line, any of its kind closes it. */
static bool
curly_string(struct healing *h, size_t (*is_quote)(const char *), const char *plain_quote)
{
	bool variable = false;
	const char *end;

	buf_puts(&h->out, plain_quote);
	h->p += is_quote(h->p);
	for (;;) {
		if (!*h->p || *h->p == '\n')
			return REFUSE(h, conf_half_quote);
		if (is_quote(h->p) || *h->p == *plain_quote)
			break;
		if (!quoted(h, &variable))
			return false;
	}
	TELL(h, conf_quotes);
	end = h->p + (*h->p == *plain_quote ? 1 : is_quote(h->p));
	buf_puts(&h->out, plain_quote);
	h->p = end;
	return true;
}

/* -- outside -- */

static bool
comment_line(struct healing *h)
{
	while (*h->p && *h->p != '\n')
		if (!plain(h))
			return false;
	return true;
}

static bool
comment(struct healing *h)
{
	while (*h->p && !begins(h->p, "*/"))
		if (!plain(h))
			return false;
	return !*h->p || (plain(h) && plain(h));
}

/* A ; that ends a line, as other programs' files have it. */
static bool
ends_line(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return !*p || *p == '\n' || *p == '}' || *p == '#';
}

/* What stands for one narrow character where only syntax stands; 0: nothing does. */
static char
narrow(const char *p, size_t *bytes)
{
	char ascii = wide_ascii(p);

	*bytes = 3;
	if (ascii && ascii != '(' && ascii != ')')
		return ascii == ';' && ends_line(p + 3) ? ' ' : ascii;
	if (begins(p, "、"))
		return ',';
	*bytes = wide_blank(p);
	return *bytes ? ' ' : 0;
}

static bool
syntax(struct healing *h)
{
	size_t bytes;
	char ascii = narrow(h->p, &bytes);

	if (ascii && ascii != '"' && ascii != '\'') {
		TELL(h, conf_wide);
		buf_add(&h->out, &ascii, 1);
		h->p += bytes;
		return ascii != '#' || comment_line(h);
	}
	if (*h->p == ';' && ends_line(h->p + 1)) {
		TELL(h, conf_semicolon);
		buf_puts(&h->out, " ");
		h->p++;
		return true;
	}
	return plain(h);
}

/* What follows where no quote and no comment is open. */
static bool
outside(struct healing *h)
{
	bool word = h->out.len && !isspace((unsigned char)h->out.data[h->out.len - 1]);

	if (*h->p == '#' || (!word && begins(h->p, "//")))
		return comment_line(h);
	if (!word && begins(h->p, "/*"))
		return comment(h);
	if (*h->p == '"' || *h->p == '\'')
		return string(h);
	if (curly_double(h->p))
		return curly_string(h, curly_double, "\"");
	if (curly_single(h->p))
		return curly_string(h, curly_single, "'");
	return syntax(h);
}

char *
conf_text(const char *bytes, size_t len, const struct conf_text *how, struct conf_finding *fault)
{
	struct healing h = { .how = how, .p = bytes, .line = 1, .fault = fault };
	bool good = check_bytes(&h, bytes, len);

	h.line = good ? 1 : h.line;
	buf_puts(&h.out, "");
	if (good && begins(bytes, "\ufeff")) {
		TELL(&h, conf_bom);
		h.p += 3;
	}
	while (good && *h.p)
		good = outside(&h);
	good = good && conf_scan(h.out.data, how, NULL, fault) == 0;
	if (good)
		return buf_take(&h.out);
	buf_fini(&h.out);
	return NULL;
}
