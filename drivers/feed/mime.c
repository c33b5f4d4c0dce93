/* mime.c -- what stands in mime.h. */
#include "drivers/feed/mime.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/feed/charset.h"

static const char *
line_end(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline ? newline : end;
}

static bool
is_empty(const char *p, const char *eol)
{
	return p == eol || (eol - p == 1 && *p == '\r');
}

static void
split(struct mime *m, const char *bytes, size_t len)
{
	const char *end = bytes + len, *p = bytes;

	while (p < end) {
		const char *eol = line_end(p, end);

		if (is_empty(p, eol))
			break;
		p = eol < end ? eol + 1 : end;
	}
	m->head = bytes;
	m->head_len = (size_t)(p - bytes);
	if (p < end)
		p = line_end(p, end) < end ? line_end(p, end) + 1 : end;
	m->body = p;
	m->body_len = (size_t)(end - p);
}

static void
add_unfolded(struct buf *out, const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\r' && *from != '\n')
			buf_add(out, from, 1);
}

/* Where the field's value ends: at a line that does not begin with a blank. */
static const char *
value_end(const char *p, const char *end)
{
	p = line_end(p, end);
	while (p + 1 < end && (p[1] == ' ' || p[1] == '\t'))
		p = line_end(p + 1, end);
	return p;
}

bool
mime_field(const struct mime *m, const char *name, struct buf *out)
{
	const char *p = m->head, *end = m->head + m->head_len;
	size_t len = strlen(name);

	while (p < end) {
		const char *stop = value_end(p, end);

		if ((size_t)(stop - p) > len && strncasecmp(p, name, len) == 0 && p[len] == ':') {
			for (p += len + 1; p < stop && (*p == ' ' || *p == '\t'); p++)
				;
			add_unfolded(out, p, stop);
			return true;
		}
		p = stop < end ? stop + 1 : end;
	}
	return false;
}

/* A parameter of Content-Type or Content-Disposition, quotes taken off; RFC 2231's "name*" counts, too. */
static void
parameter(char *out, size_t size, const char *value, const char *name)
{
	size_t len = strlen(name), n = 0;
	bool quoted;

	for (const char *p = strchr(value, ';'); p; p = strchr(p, ';')) {
		for (p++; *p == ' ' || *p == '\t'; p++)
			;
		if (strncasecmp(p, name, len) != 0)
			continue;
		p += len + (p[len] == '*');
		if (*p != '=')
			continue;
		quoted = *++p == '"';
		for (p += quoted; *p && (quoted ? *p != '"' : !strchr("; \t", *p)) && n + 1 < size; p++) {
			if (quoted && *p == '\\' && p[1])
				p++;
			out[n++] = *p;
		}
		break;
	}
	out[n] = '\0';
}

static void
word(char *out, size_t size, const char *value)
{
	size_t n = 0;

	for (; *value && !strchr("; \t(", *value) && n + 1 < size; value++)
		out[n++] = (char)tolower((unsigned char)*value);
	out[n] = '\0';
}

void
mime_read(struct mime *m, const char *bytes, size_t len)
{
	struct buf value = { 0 };

	*m = (struct mime){ .type = "text/plain" };
	split(m, bytes, len);
	if (mime_field(m, "Content-Type", &value) && value.len) {
		word(m->type, sizeof(m->type), value.data);
		parameter(m->charset, sizeof(m->charset), value.data, "charset");
		parameter(m->boundary, sizeof(m->boundary), value.data, "boundary");
		parameter(m->name, sizeof(m->name), value.data, "name");
	}
	buf_reset(&value);
	if (mime_field(m, "Content-Disposition", &value) && value.len && !m->name[0])
		parameter(m->name, sizeof(m->name), value.data, "filename");
	buf_reset(&value);
	if (mime_field(m, "Content-Transfer-Encoding", &value) && value.len)
		word(m->coding, sizeof(m->coding), value.data);
	buf_fini(&value);
}

static int
base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* What is no digit is passed over, as RFC 2045 6.8 wants it; "=" ends it. */
static void
add_base64(struct buf *out, const char *p, const char *end)
{
	unsigned bits = 0, have = 0;

	for (; p < end && *p != '='; p++) {
		int value = base64_value(*p);

		if (value < 0)
			continue;
		bits = (bits << 6 | (unsigned)value) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_add(out, &(char){ (char)(bits >> have & 0xff) }, 1);
		}
	}
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10
		: c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2045 6.7, and with `header` RFC 2047 4.2, where "_" is a blank. */
static void
add_quoted(struct buf *out, const char *p, const char *end, bool header)
{
	for (; p < end; p++) {
		int high, low;

		if (*p == '=' && end - p > 2 && (high = hex(p[1])) >= 0 && (low = hex(p[2])) >= 0) {
			buf_add(out, &(char){ (char)(high << 4 | low) }, 1);
			p += 2;
		} else if (*p == '=' && end - p > 1 && p[1] == '\n') {
			p++;
		} else if (*p == '=' && end - p > 2 && p[1] == '\r' && p[2] == '\n') {
			p += 2;
		} else {
			buf_add(out, header && *p == '_' ? " " : p, 1);
		}
	}
}

void
mime_decode(const struct mime *m, struct buf *out)
{
	if (strcmp(m->coding, "base64") == 0)
		add_base64(out, m->body, m->body + m->body_len);
	else if (strcmp(m->coding, "quoted-printable") == 0)
		add_quoted(out, m->body, m->body + m->body_len, false);
	else
		buf_add(out, m->body, m->body_len);
}

/* "=?gbk?B?…?=" at `p`: where it is over, or NULL. */
static const char *
encoded_word(struct buf *out, const char *p)
{
	const char *charset = p + 2, *mark, *text, *end;
	struct buf bytes = { 0 };
	char name[40];

	if (p[0] != '=' || p[1] != '?' || !(mark = strchr(charset, '?')) || !mark[1] || mark[2] != '?')
		return NULL;
	text = mark + 3;
	end = strstr(text, "?=");
	if (!end || (size_t)(mark - charset) >= sizeof(name) || !strchr("bBqQ", mark[1]))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(charset, "?*"), charset);
	if (tolower((unsigned char)mark[1]) == 'b')
		add_base64(&bytes, text, end);
	else
		add_quoted(&bytes, text, end, true);
	charset_add(out, name, bytes.data ? bytes.data : "", bytes.len);
	buf_fini(&bytes);
	return end + 2;
}

/* Blanks between two encoded words are none (RFC 2047 6.2). */
static void
add_words(struct buf *out, const char *p)
{
	while (*p) {
		const char *after = encoded_word(out, p), *next;

		if (!after) {
			next = p + 1 + strcspn(p + 1, "=");
			charset_add(out, NULL, p, (size_t)(next - p));
			p = next;
			continue;
		}
		next = after + strspn(after, " \t");
		p = strncmp(next, "=?", 2) == 0 ? next : after;
	}
}

static size_t
cut_at(const struct buf *text, size_t most)
{
	size_t len = text->len < most ? text->len : most;

	while (len && len < text->len && ((unsigned char)text->data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void
mime_text_field(const struct mime *m, const char *name, size_t most, struct buf *out)
{
	struct buf raw = { 0 }, text = { 0 };
	size_t len;

	if (mime_field(m, name, &raw) && raw.len && !memchr(raw.data, '\0', raw.len))
		add_words(&text, raw.data);
	len = cut_at(&text, most);
	for (size_t i = 0; text.data && i < len; i++)
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
			text.data[i] = ' ';
	buf_add(out, text.data ? text.data : "", len);
	buf_fini(&raw);
	buf_fini(&text);
}

/* The next line that is a delimiter (RFC 2046 5.1.1) from `p` on, or NULL; *after: behind the line. */
static const char *
delimiter(const struct mime *m, const char *p, const char **after)
{
	const char *end = m->body + m->body_len;
	size_t len = strlen(m->boundary);

	while (p < end) {
		const char *eol = line_end(p, end);

		if ((size_t)(eol - p) >= len + 2 && p[0] == '-' && p[1] == '-' &&
		    memcmp(p + 2, m->boundary, len) == 0) {
			*after = eol < end ? eol + 1 : end;
			return p;
		}
		p = eol < end ? eol + 1 : end;
	}
	return NULL;
}

bool
mime_next_part(const struct mime *m, size_t *at, const char **part, size_t *len)
{
	const char *begin, *after, *next, *dummy;

	if (!m->boundary[0])
		return false;
	begin = delimiter(m, m->body + *at, &after);
	if (!begin || strncmp(begin + 2 + strlen(m->boundary), "--", 2) == 0)
		return false;
	next = delimiter(m, after, &dummy);
	*part = after;
	*len = (size_t)((next ? next : m->body + m->body_len) - after);
	*at = next ? (size_t)(next - m->body) : m->body_len;
	return true;
}
