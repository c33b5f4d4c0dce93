/* segment.c -- counts and cuts texts for the air interface; it encodes nothing. */
#include "core/segment.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* 3GPP TS 23.038 6.2.1: default alphabet (1 septet) and extension table (2), by code point. */
static const struct { uint16_t point, septets; } gsm7[] = {
	{ 0x000a, 1 }, { 0x000c, 2 }, { 0x000d, 1 }, { 0x0020, 1 }, { 0x0021, 1 }, { 0x0022, 1 },
	{ 0x0023, 1 }, { 0x0024, 1 }, { 0x0025, 1 }, { 0x0026, 1 }, { 0x0027, 1 }, { 0x0028, 1 },
	{ 0x0029, 1 }, { 0x002a, 1 }, { 0x002b, 1 }, { 0x002c, 1 }, { 0x002d, 1 }, { 0x002e, 1 },
	{ 0x002f, 1 }, { 0x0030, 1 }, { 0x0031, 1 }, { 0x0032, 1 }, { 0x0033, 1 }, { 0x0034, 1 },
	{ 0x0035, 1 }, { 0x0036, 1 }, { 0x0037, 1 }, { 0x0038, 1 }, { 0x0039, 1 }, { 0x003a, 1 },
	{ 0x003b, 1 }, { 0x003c, 1 }, { 0x003d, 1 }, { 0x003e, 1 }, { 0x003f, 1 }, { 0x0040, 1 },
	{ 0x0041, 1 }, { 0x0042, 1 }, { 0x0043, 1 }, { 0x0044, 1 }, { 0x0045, 1 }, { 0x0046, 1 },
	{ 0x0047, 1 }, { 0x0048, 1 }, { 0x0049, 1 }, { 0x004a, 1 }, { 0x004b, 1 }, { 0x004c, 1 },
	{ 0x004d, 1 }, { 0x004e, 1 }, { 0x004f, 1 }, { 0x0050, 1 }, { 0x0051, 1 }, { 0x0052, 1 },
	{ 0x0053, 1 }, { 0x0054, 1 }, { 0x0055, 1 }, { 0x0056, 1 }, { 0x0057, 1 }, { 0x0058, 1 },
	{ 0x0059, 1 }, { 0x005a, 1 }, { 0x005b, 2 }, { 0x005c, 2 }, { 0x005d, 2 }, { 0x005e, 2 },
	{ 0x005f, 1 }, { 0x0061, 1 }, { 0x0062, 1 }, { 0x0063, 1 }, { 0x0064, 1 }, { 0x0065, 1 },
	{ 0x0066, 1 }, { 0x0067, 1 }, { 0x0068, 1 }, { 0x0069, 1 }, { 0x006a, 1 }, { 0x006b, 1 },
	{ 0x006c, 1 }, { 0x006d, 1 }, { 0x006e, 1 }, { 0x006f, 1 }, { 0x0070, 1 }, { 0x0071, 1 },
	{ 0x0072, 1 }, { 0x0073, 1 }, { 0x0074, 1 }, { 0x0075, 1 }, { 0x0076, 1 }, { 0x0077, 1 },
	{ 0x0078, 1 }, { 0x0079, 1 }, { 0x007a, 1 }, { 0x007b, 2 }, { 0x007c, 2 }, { 0x007d, 2 },
	{ 0x007e, 2 }, { 0x00a1, 1 }, { 0x00a3, 1 }, { 0x00a4, 1 }, { 0x00a5, 1 }, { 0x00a7, 1 },
	{ 0x00bf, 1 }, { 0x00c4, 1 }, { 0x00c5, 1 }, { 0x00c6, 1 }, { 0x00c7, 1 }, { 0x00c9, 1 },
	{ 0x00d1, 1 }, { 0x00d6, 1 }, { 0x00d8, 1 }, { 0x00dc, 1 }, { 0x00df, 1 }, { 0x00e0, 1 },
	{ 0x00e4, 1 }, { 0x00e5, 1 }, { 0x00e6, 1 }, { 0x00e8, 1 }, { 0x00e9, 1 }, { 0x00ec, 1 },
	{ 0x00f1, 1 }, { 0x00f2, 1 }, { 0x00f6, 1 }, { 0x00f8, 1 }, { 0x00f9, 1 }, { 0x00fc, 1 },
	{ 0x0393, 1 }, { 0x0394, 1 }, { 0x0398, 1 }, { 0x039b, 1 }, { 0x039e, 1 }, { 0x03a0, 1 },
	{ 0x03a3, 1 }, { 0x03a6, 1 }, { 0x03a8, 1 }, { 0x03a9, 1 }, { 0x20ac, 2 }
};

struct unit {				/* one code point */
	uint32_t point;
	size_t bytes;
	unsigned septets;		/* 0 = not in the alphabet */
};

static unsigned
septets_of(uint32_t point)
{
	size_t low = 0, high = sizeof(gsm7) / sizeof(*gsm7);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (gsm7[mid].point == point)
			return gsm7[mid].septets;
		if (gsm7[mid].point < point)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/* Decodes one code point; 0 bytes = malformed. */
static size_t
decode(const unsigned char *s, size_t left, uint32_t *point)
{
	size_t need;
	uint32_t min;

	if (s[0] < 0x80) {
		*point = s[0];
		return s[0] ? 1 : 0;
	}
	if (s[0] >= 0xc2 && s[0] < 0xe0) {
		need = 2;
		min = 0x80;
		*point = s[0] & 0x1f;
	} else if (s[0] >= 0xe0 && s[0] < 0xf0) {
		need = 3;
		min = 0x800;
		*point = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] < 0xf5) {
		need = 4;
		min = 0x10000;
		*point = s[0] & 0x07;
	} else {
		return 0;
	}
	if (left < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s[i] & 0x3f);
	}
	if (*point < min || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return need;
}

size_t
utf8_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

int
utf8_check(const char *bytes, size_t len, struct err *err)
{
	uint32_t point;

	for (size_t i = 0; i < len;) {
		size_t n = decode((const unsigned char *)bytes + i, len - i, &point);

		if (!n)
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), utf8_bad, NUM(i + 1));
		i += n;
	}
	return 0;
}

/* Marks that must stay with the character before them. */
static bool
is_combining(uint32_t p)
{
	return (p >= 0x0300 && p <= 0x036f) || (p >= 0x0483 && p <= 0x0489) ||
	       (p >= 0x0591 && p <= 0x05bd) || (p >= 0x064b && p <= 0x065f) ||
	       (p >= 0x0e31 && p <= 0x0e3a) || (p >= 0x0e47 && p <= 0x0e4e) ||
	       (p >= 0x1ab0 && p <= 0x1aff) || (p >= 0x1dc0 && p <= 0x1dff) ||
	       (p >= 0x20d0 && p <= 0x20ff) || (p >= 0x302a && p <= 0x302f) ||
	       (p >= 0x3099 && p <= 0x309a) || (p >= 0xfe00 && p <= 0xfe0f) ||
	       (p >= 0xfe20 && p <= 0xfe2f) || (p >= 0x1f3fb && p <= 0x1f3ff) ||
	       (p >= 0xe0100 && p <= 0xe01ef) || p == 0x200d;
}

static unsigned
units_of(enum segment_alphabet alphabet, uint32_t point)
{
	return alphabet == SEGMENT_GSM7 ? septets_of(point) : point > 0xffff ? 2 : 1;
}

/* Bytes and units of the cluster at `s`: a code point and the marks that follow it.  A cluster
 * longer than a part (hostile input) is cut between code points. */
static size_t
cluster(enum segment_alphabet alphabet, const char *s, unsigned room_max, unsigned *units)
{
	size_t bytes = 0;
	bool joined = false;
	uint32_t point;

	*units = 0;
	while (s[bytes]) {
		/* Four bytes at most are looked at: strlen here made long texts quadratic. */
		size_t n = decode((const unsigned char *)s + bytes, strnlen(s + bytes, 4), &point);
		unsigned more = n ? units_of(alphabet, point) : 0;

		if (!n || (bytes && !is_combining(point) && !joined) || *units + more > room_max)
			break;
		joined = point == 0x200d;
		*units += more;
		bytes += n;
	}
	return bytes;
}

static unsigned
part_room(const struct segment_plan *plan)
{
	if (plan->parts == 1)
		return plan->alphabet == SEGMENT_GSM7 ? 160 : 70;
	return plan->alphabet == SEGMENT_GSM7 ? 153 : 67;
}

static size_t
fill_part(const struct segment_plan *plan, const char *s)
{
	unsigned room = part_room(plan), used = 0, units;
	size_t bytes = 0;

	while (s[bytes]) {
		size_t n = cluster(plan->alphabet, s + bytes, room, &units);

		if (!n || used + units > room)
			break;
		used += units;
		bytes += n;
	}
	return bytes;
}

int
segment_plan(struct segment_plan *out, const char *utf8, struct err *err)
{
	unsigned gsm_units = 0, ucs_units = 0;
	bool is_gsm = true;
	size_t len = strlen(utf8);
	uint32_t point;

	*out = (struct segment_plan){ .parts = 1 };
	for (size_t i = 0; i < len;) {
		size_t n = decode((const unsigned char *)utf8 + i, len - i, &point);
		unsigned septets;

		if (!n)
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), utf8_bad, NUM(i + 1));
		septets = septets_of(point);
		is_gsm = is_gsm && septets;
		gsm_units += septets;
		ucs_units += point > 0xffff ? 2 : 1;
		i += n;
	}
	out->alphabet = is_gsm ? SEGMENT_GSM7 : SEGMENT_UCS2;
	out->units = is_gsm ? gsm_units : ucs_units;
	if (out->units <= part_room(out))
		return 0;
	out->parts = 2;			/* from here on: the room of a concatenated part */
	{
		size_t at = 0;
		unsigned parts = 0;

		while (utf8[at]) {
			at += fill_part(out, utf8 + at);
			if (++parts > SEGMENT_PARTS_MAX)
				return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), text_too_long,
					       NUM(SEGMENT_PARTS_MAX));
		}
		out->parts = parts;
	}
	return 0;
}

size_t
segment_end(const struct segment_plan *plan, const char *utf8, unsigned index)
{
	size_t at = 0;

	if (index + 1 >= plan->parts)
		return strlen(utf8);
	for (unsigned i = 0; i <= index; i++)
		at += fill_part(plan, utf8 + at);
	return at;
}
