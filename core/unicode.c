/* unicode.c -- kinds of characters, and how those are shown that nobody sees. */
#include "core/unicode.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RANGE_COUNT(r) (sizeof(r) / sizeof(*(r)))

struct range {
	int32_t first, last;
};

static bool
is_in(int32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

int32_t
utf8_next(const char **text)
{
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)*text;
	unsigned more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	int32_t c = *p & (more ? 0x3f >> more : 0x7f);

	if (!*p)
		return 0;
	*text += 1;
	if (*p >= 0xf5 || (*p >= 0x80 && *p < 0xc2))
		return -1;
	for (unsigned i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[more] || c >> 11 == 0x1b || c > 0x10ffff)
		return -1;
	*text += more;
	return c;
}

bool
is_blank_char(int32_t c)
{
	static const struct range blank[] = {
		{ '\t', '\t' }, { ' ', ' ' }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
		{ 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
	};

	return is_in(c, blank, RANGE_COUNT(blank));
}

bool
is_dash_char(int32_t c)
{
	static const struct range dash[] = {
		{ '-', '-' }, { 0x2010, 0x2015 }, { 0x2212, 0x2212 }, { 0x2e3a, 0x2e3b }, { 0x30fc, 0x30fc },
		{ 0xfe58, 0xfe58 }, { 0xfe63, 0xfe63 }, { 0xff0d, 0xff0d },
	};

	return is_in(c, dash, RANGE_COUNT(dash));
}

bool
is_unseen_char(int32_t c)
{
	static const struct range unseen[] = {
		{ 0x01, 0x09 }, { 0x0b, 0x0c }, { 0x0e, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff9, 0xfffb },
		{ 0xe0000, 0xe0fff },
	};

	return is_in(c, unseen, RANGE_COUNT(unseen));
}

bool
text_has_unseen(const char *text)
{
	int32_t c;

	while ((c = utf8_next(&text)))
		if (is_unseen_char(c))
			return true;
	return false;
}

void
text_trim(const char **text, size_t *len)
{
	const char *p = *text, *end = p + *len, *first = NULL, *last = p;

	while (p < end) {
		const char *at = p;
		int32_t ch = utf8_next(&p);

		if (!ch)
			break;
		if (is_blank_char(ch))
			continue;
		first = first ? first : at;
		last = p;
	}
	*text = first ? first : end;
	*len = first ? (size_t)(last - first) : 0;
}

static bool
looks_plain(int32_t c)
{
	return c == ' ' || c == 0x3000 || !(is_blank_char(c) || is_unseen_char(c) || c == '\n' || c == '\r');
}

char *
text_show(char *out, size_t size, const char *text)
{
	static const char more[] = "…";
	size_t n = 0, whole = 0;	/* whole: what may stay if the rest has no room */
	int32_t c;

	assert(size >= 16);
	for (const char *p = text; (c = utf8_next(&p)); text = p) {
		char shown[16];
		int len;

		if (c > 0 && looks_plain(c))
			len = snprintf(shown, sizeof(shown), "%.*s", (int)(p - text), text);
		else
			len = snprintf(shown, sizeof(shown), c < 0 ? "?" : "U+%04X", (unsigned)c);
		if (n + (size_t)len >= size) {
			memcpy(out + whole, more, sizeof(more));
			return out;
		}
		memcpy(out + n, shown, (size_t)len);
		n += (size_t)len;
		if (n + sizeof(more) <= size)
			whole = n;
	}
	out[n] = '\0';
	return out;
}
