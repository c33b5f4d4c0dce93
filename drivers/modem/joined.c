/* joined.c -- joins the texts of parts, and mends what was cut between them. */
#include "drivers/modem/joined.h"

#include <string.h>

/* Of a lead byte; the texts are well formed but for surrogates, which have three bytes. */
static size_t
length_of(const char *text)
{
	unsigned char c = (unsigned char)*text;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return len <= strlen(text) ? len : strlen(text);
}

void
joined_add(struct buf *text, const struct stored *before, const struct stored *part)
{
	const char *own = part->text;

	if (!own)
		return;
	if (before && before->seam.ends_escaped && part->seam.begins) {
		national_put_escaped(text, &part->seam);
		own += length_of(own);
	}
	buf_puts(text, own);
}

/* 0xd800 to 0xdfff as the three bytes that UTF-8 forbids; 0 = something else stands there. */
static unsigned
surrogate_at(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] != 0xed || p[1] < 0xa0 || (p[2] & 0xc0) != 0x80)
		return 0;
	return 0xd000u | (unsigned)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
}

static void
add_pair(struct buf *out, unsigned high, unsigned low)
{
	unsigned point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	char bytes[4] = {
		(char)(0xf0 | point >> 18), (char)(0x80 | (point >> 12 & 0x3f)),
		(char)(0x80 | (point >> 6 & 0x3f)), (char)(0x80 | (point & 0x3f)),
	};

	buf_add(out, bytes, sizeof(bytes));
}

void
joined_end(struct buf *text)
{
	struct buf out = { 0 };
	const char *p = text->data;

	if (!p || !strchr(p, 0xed))
		return;
	while (*p) {
		unsigned one = surrogate_at(p), next = one ? surrogate_at(p + 3) : 0;
		size_t len = one ? 3 : length_of(p);

		if (one >= 0xd800 && one < 0xdc00 && next >= 0xdc00) {
			add_pair(&out, one, next);
			len = 6;
		} else if (one) {
			buf_puts(&out, "\xef\xbf\xbd");
		} else {
			buf_add(&out, p, len);
		}
		p += len;
	}
	buf_fini(text);
	*text = out;
}
