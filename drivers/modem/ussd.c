/* ussd.c -- encodes codes, decodes answers. */
#include "drivers/modem/ussd.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/segment.h"
#include "drivers/modem/national.h"
#include "drivers/modem/sms.h"

void
ussd_put_ucs2(struct buf *out, const char *utf8)
{
	size_t room = strlen(utf8) + 2, units;
	unsigned char *utf16 = xmalloc(2 * room);

	units = sms_utf16(utf16, room, utf8, strlen(utf8));
	for (size_t i = 0; i < 2 * units; i++)
		buf_printf(out, "%02X", utf16[i]);
	free(utf16);
}

bool
ussd_is_code(const char *text)
{
	size_t len = strlen(text);

	return len && len <= USSD_CODE && strspn(text, "+*#0123456789") == len;
}

/* Septets into octets, low bits first; 3GPP TS 23.038 6.1.2.3.1: seven bits to spare are filled
 * with CR, else they would read as "@". */
static void
encode_packed(char *out, size_t size, const char *code)
{
	unsigned bits = 0, have = 0;
	size_t len = 0, left = strlen(code);
	bool is_filled = left % 8 == 7;

	for (*out = 0; (left || have) && len + 3 <= size; ) {
		while ((left || is_filled) && have < 8) {
			bits |= (left ? (unsigned)(unsigned char)*code++ : '\r') << have;
			is_filled = left && is_filled;
			left -= left > 0;
			have += 7;
		}
		snprintf(out + len, size - len, "%02X", bits & 255);
		len += 2;
		bits >>= 8;
		have = have > 8 ? have - 8 : 0;
	}
}

void
ussd_encode(char *out, size_t size, const char *code, enum quirk_ussd form)
{
	if (form == USSD_UCS2) {
		struct buf hex = { 0 };

		ussd_put_ucs2(&hex, code);
		snprintf(out, size, "%s", hex.data);
		buf_fini(&hex);
	} else if (form == USSD_PACKED) {
		encode_packed(out, size, code);
	} else {
		snprintf(out, size, "%s", code);
	}
}

static bool
is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return len >= 2 && len % 2 == 0;
}

static unsigned
octet(const char *hex)
{
	unsigned value = 0;

	sscanf(hex, "%2x", &value);
	return value;
}

static char *
decode_ucs2(const char *hex, size_t len)
{
	unsigned char units[2 * 256 + 2] = { 0 };
	size_t count = len / 4 < 256 ? len / 4 : 256;

	for (size_t i = 0; i < 2 * count; i++)
		units[i] = (unsigned char)octet(hex + 2 * i);
	return sms_number(units, count + 1);
}

/* Seven bits to spare are filled with CR, or by some with zeros. */
static char *
decode_packed(const char *hex, size_t len)
{
	unsigned char octets[256] = { 0 };
	size_t count = len / 2 < sizeof(octets) ? len / 2 : sizeof(octets), end;
	char *text;

	for (size_t i = 0; i < count; i++)
		octets[i] = (unsigned char)octet(hex + 2 * i);
	text = national_text(octets, count, (unsigned)(count * 8 / 7), false, NULL);
	end = strlen(text);
	if (count % 7 == 0 && end && text[end - 1] == '@')
		text[--end] = 0;
	while (end && text[end - 1] == '\r')
		text[--end] = 0;
	return text;
}

/* Letters below the blank are known by nobody but the GSM alphabet. */
static bool
is_gsm(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\n')
			return true;
	return false;
}

/* AT+CSCS="GSM", by the letter.  NUL, which is its "@", does not come through a line, and modems write
 * "@" and "$" as everybody does. */
static char *
decode_gsm(const char *bytes, size_t len)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		struct seam after = { .first = i + 1 < len ? bytes[i + 1] & 0x7f : 0 };

		if (c == 0x1b && i + 1 < len) {
			national_put_escaped(&text, &after);
			i++;
		} else if (c == '@' || c == '$') {
			buf_add(&text, &bytes[i], 1);
		} else if (c < 0x80) {
			national_put(&text, c);
		} else {
			buf_puts(&text, "?");
		}
	}
	return text.data ? buf_take(&text) : xstrdup("");
}

char *
ussd_readable(const char *bytes, size_t len)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < len;) {
		size_t step = 1;
		bool ok;

		while (step < 4 && i + step < len && utf8_check(bytes + i, step, NULL) != 0)
			step++;
		ok = utf8_check(bytes + i, step, NULL) == 0;
		buf_add(&text, ok ? bytes + i : "?", ok ? step : 1);
		i += ok ? step : 1;
	}
	return buf_take(&text);
}

char *
ussd_text(const char *line, enum quirk_ussd form)
{
	const char *begin = strchr(line, '"'), *end = begin ? strrchr(line, '"') : NULL;
	int dcs = 15;
	size_t len;

	if (!begin || end == begin)
		return NULL;
	begin++;
	len = (size_t)(end - begin);
	sscanf(end, "\",%d", &dcs);
	if (is_hex(begin, len) && len % 4 == 0 && ((dcs & 0x0c) == 0x08 || (dcs & 0xef) == 0x48 ||
	    dcs == 17 || form == USSD_UCS2))
		return decode_ucs2(begin, len);
	if (is_hex(begin, len) && form == USSD_PACKED)
		return decode_packed(begin, len);
	return is_gsm(begin, len) ? decode_gsm(begin, len) : ussd_readable(begin, len);
}
