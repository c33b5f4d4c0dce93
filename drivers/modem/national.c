/* national.c -- reads GSM 7 bit with its tables; it writes none and knows no modem. */
#include "drivers/modem/national.h"

#include <stdint.h>

#include "core/buf.h"
#include "drivers/modem/national_tables.h"

#define ESCAPE 0x1b
#define SINGLE_SHIFT 0x24
#define LOCKING_SHIFT 0x25

/* One character a code, 0x00 to 0x7f; what stands for the escape is never read. */
static const uint16_t default_table[] =
	u"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
	u"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const uint16_t turkish_table[] =
	u"@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
	u"İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà";
static const uint16_t portuguese_table[] =
	u"@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó| ÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
	u"ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà";

/* What the default extension table has is in each of theirs. */
static const struct shifted default_shift[] = {
	{ 0x0a, '\f' }, { 0x14, '^' }, { 0x1b, ' ' }, { 0x28, '{' }, { 0x29, '}' },
	{ 0x2f, '\\' }, { 0x3c, '[' }, { 0x3d, '~' }, { 0x3e, ']' }, { 0x40, '|' },
	{ 0x65, u'€' }, { 0 },
};
static const struct shifted turkish_shift[] = {
	{ 0x47, u'Ğ' }, { 0x49, u'İ' }, { 0x53, u'Ş' }, { 0x63, u'ç' }, { 0x67, u'ğ' },
	{ 0x69, u'ı' }, { 0x73, u'ş' }, { 0 },
};
static const struct shifted spanish_shift[] = {
	{ 0x09, u'ç' }, { 0x41, u'Á' }, { 0x49, u'Í' }, { 0x4f, u'Ó' }, { 0x55, u'Ú' },
	{ 0x61, u'á' }, { 0x69, u'í' }, { 0x6f, u'ó' }, { 0x75, u'ú' }, { 0 },
};
static const struct shifted portuguese_shift[] = {
	{ 0x05, u'ê' }, { 0x09, u'ç' }, { 0x0b, u'Ô' }, { 0x0c, u'ô' }, { 0x0e, u'Á' },
	{ 0x0f, u'á' }, { 0x12, u'Φ' }, { 0x13, u'Γ' }, { 0x15, u'Ω' }, { 0x16, u'Π' },
	{ 0x17, u'Ψ' }, { 0x18, u'Σ' }, { 0x19, u'Θ' }, { 0x1f, u'Ê' }, { 0x41, u'À' },
	{ 0x49, u'Í' }, { 0x4f, u'Ó' }, { 0x55, u'Ú' }, { 0x5b, u'Ã' }, { 0x5c, u'Õ' },
	{ 0x61, u'Â' }, { 0x69, u'í' }, { 0x6f, u'ó' }, { 0x75, u'ú' }, { 0x7b, u'ã' },
	{ 0x7c, u'õ' }, { 0x7f, u'â' }, { 0 },
};

/* By national language identifier, TS 23.038 6.2.1.2.4; Spanish has no locking table. */
static const struct {
	const uint16_t *table;
	const struct shifted *shift;
} languages[] = {
	{ NULL, NULL },
	{ turkish_table, turkish_shift },
	{ NULL, spanish_shift },
	{ portuguese_table, portuguese_shift },
	{ bengali_table, bengali_shift },
	{ gujarati_table, gujarati_shift },
	{ hindi_table, hindi_shift },
	{ kannada_table, kannada_shift },
	{ malayalam_table, malayalam_shift },
	{ oriya_table, oriya_shift },
	{ punjabi_table, punjabi_shift },
	{ tamil_table, tamil_shift },
	{ telugu_table, telugu_shift },
	{ urdu_table, urdu_shift },
};
#define BENGALI 4			/* the first of those of India and Pakistan */
#define LANGUAGES (sizeof(languages) / sizeof(languages[0]))

/* A locking table that is not here leaves the default one. */
static const uint16_t *
table_of(const struct seam *s)
{
	const uint16_t *table = languages[s->locking].table;

	return table ? table : default_table;
}

static void
read_header(struct seam *s, const unsigned char *ud, size_t len)
{
	for (size_t i = 1; i + 2 <= len && i + 2 + ud[i + 1] <= len; i += 2u + ud[i + 1]) {
		if (ud[i + 1] != 1 || ud[i + 2] >= LANGUAGES)
			continue;
		if (ud[i] == LOCKING_SHIFT)
			s->locking = ud[i + 2];
		else if (ud[i] == SINGLE_SHIFT)
			s->shift = ud[i + 2];
	}
}

static unsigned
septet(const unsigned char *ud, size_t octets, size_t index)
{
	size_t bit = index * 7, next = bit / 8 + 1;
	unsigned pair = ud[bit / 8] | (next < octets ? (unsigned)ud[next] << 8 : 0);

	return pair >> (bit % 8) & 0x7f;
}

static uint16_t
shifted_find(const struct shifted *shift, unsigned code)
{
	for (; shift && shift->unit; shift++)
		if (shift->code == code)
			return shift->unit;
	return 0;
}

/* An escape before what no table has is as if it were not there (TS 23.038 6.2.1.1). */
static uint16_t
escaped(const struct seam *s, unsigned code)
{
	uint16_t unit = shifted_find(languages[s->shift].shift, code);

	if (!unit && s->shift >= BENGALI)
		unit = shifted_find(indic_shift, code);
	if (!unit)
		unit = shifted_find(default_shift, code);
	return unit ? unit : table_of(s)[code];
}

/* All characters of the tables are below U+10000 and none is a surrogate. */
static void
put_char(struct buf *out, uint16_t c)
{
	char bytes[3];
	size_t len = 0;

	if (c < 0x80) {
		bytes[len++] = (char)c;
	} else if (c < 0x800) {
		bytes[len++] = (char)(0xc0 | c >> 6);
		bytes[len++] = (char)(0x80 | (c & 0x3f));
	} else {
		bytes[len++] = (char)(0xe0 | c >> 12);
		bytes[len++] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (c & 0x3f));
	}
	buf_add(out, bytes, len);
}

void
national_put(struct buf *out, unsigned code)
{
	put_char(out, default_table[code & 0x7f]);
}

void
national_put_escaped(struct buf *out, const struct seam *s)
{
	put_char(out, escaped(s, s->first));
}

/* After the header the text begins at the next whole septet: the bits between are filling. */
char *
national_text(const unsigned char *ud, size_t octets, unsigned septets, bool has_udh,
	      struct seam *seam)
{
	size_t header = has_udh && octets ? (size_t)ud[0] + 1 : 0, begin = (header * 8 + 6) / 7;
	struct buf out = { 0 };
	struct seam s = { .begins = false };

	if (header <= octets)
		read_header(&s, ud, header);
	if (septets > octets * 8 / 7)
		septets = (unsigned)(octets * 8 / 7);
	for (size_t i = begin; i < septets; i++) {
		unsigned code = septet(ud, octets, i);

		if (i == begin) {
			s.begins = code != ESCAPE;
			s.first = (unsigned char)code;
		}
		if (code != ESCAPE)
			put_char(&out, table_of(&s)[code]);
		else if (++i < septets)
			put_char(&out, escaped(&s, septet(ud, octets, i)));
		else
			s.ends_escaped = true;
	}
	if (seam)
		*seam = s;
	return out.data ? buf_take(&out) : xstrdup("");
}
