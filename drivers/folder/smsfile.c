/* smsfile.c -- what smsfile.h says.  A file that does not say clearly what goes to whom is refused: a text
 * in the wrong alphabet is no text. */
#include "drivers/folder/smsfile.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "core/phrase.h"
#include "core/segment.h"

#define NUMBER_MAX 40
#define PARTS_MAX 40			/* sections of a backup */

struct sms {
	char to[NUMBER_MAX];
	struct buf text;
	bool flash;
};

static json_t *
finish(struct sms *sms, const char **why)
{
	json_t *out = NULL;

	while (sms->text.len && strchr("\r\n", sms->text.data[sms->text.len - 1]))
		sms->text.data[--sms->text.len] = '\0';
	if (!*why && !sms->to[0])
		*why = "it names no number";
	if (!*why && !sms->text.len)
		*why = "it has no text";
	if (!*why && sms->text.len > SMSFILE_TEXT_MAX)
		*why = "its text is longer than 4000 bytes";
	if (!*why) {
		text_mend(sms->text.data);
		out = json_pack("{s:s,s:s,s:b}", "to", sms->to, "text", sms->text.data, "flash", sms->flash);
		if (!out)
			*why = "its text is none";
	}
	buf_fini(&sms->text);
	return out;
}

/* -- alphabets -- */

static void
put_char(struct buf *out, unsigned c)
{
	char utf8[4];
	size_t n = 0;

	if (c < 0x80) {
		utf8[n++] = (char)c;
	} else if (c < 0x800) {
		utf8[n++] = (char)(0xc0 | c >> 6);
		utf8[n++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		utf8[n++] = (char)(0xe0 | c >> 12);
		utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		utf8[n++] = (char)(0x80 | (c & 0x3f));
	} else {
		utf8[n++] = (char)(0xf0 | c >> 18);
		utf8[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		utf8[n++] = (char)(0x80 | (c & 0x3f));
	}
	buf_add(out, utf8, n);
}

/* false: half a character, or a NUL. */
static bool
put_utf16(struct buf *out, const unsigned char *p, size_t len, bool little)
{
	if (len % 2)
		return false;
	for (size_t i = 0; i + 1 < len; i += 2) {
		unsigned c = little ? p[i] | (unsigned)p[i + 1] << 8 : (unsigned)p[i] << 8 | p[i + 1], low;

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < len) {
			i += 2;
			low = little ? p[i] | (unsigned)p[i + 1] << 8 : (unsigned)p[i] << 8 | p[i + 1];
			if (low < 0xdc00 || low > 0xdfff)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
		} else if (!c || (c >= 0xd800 && c < 0xe000)) {
			return false;
		}
		put_char(out, c);
	}
	return true;
}

static bool
is_utf8(const char *bytes, size_t len)
{
	return !memchr(bytes, '\0', len) && utf8_check(bytes, len, NULL) == 0;
}

static bool
put_latin1(struct buf *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)bytes[i];

		if (!c || (c >= 0x80 && c < 0xa0))
			return false;
		put_char(out, c);
	}
	return true;
}

/* Nobody has said which: what is UTF-8 is no accident. */
static bool
put_unsaid(struct buf *out, const char *bytes, size_t len)
{
	if (!is_utf8(bytes, len))
		return put_latin1(out, bytes, len);
	buf_add(out, bytes, len);
	return true;
}

/* smstools looks at the first three letters. */
static bool
put_smstools_text(struct sms *sms, const char *alphabet, const char *bytes, size_t len, const char **why)
{
	bool good;

	if (!*alphabet)
		good = put_unsaid(&sms->text, bytes, len);
	else if (strncasecmp(alphabet, "utf", 3) == 0)
		good = is_utf8(bytes, len) && (buf_add(&sms->text, bytes, len), true);
	else if (strncasecmp(alphabet, "iso", 3) == 0 || strncasecmp(alphabet, "lat", 3) == 0 ||
		 strncasecmp(alphabet, "ans", 3) == 0)
		good = put_latin1(&sms->text, bytes, len);
	else if (strncasecmp(alphabet, "ucs", 3) == 0 || strncasecmp(alphabet, "chi", 3) == 0 ||
		 strncasecmp(alphabet, "uni", 3) == 0)
		good = put_utf16(&sms->text, (const unsigned char *)bytes, len, false);
	else {
		*why = "its Alphabet is none that goes as a text; use UTF-8 or UCS2";
		return false;
	}
	if (!good)
		*why = "its text is not in the alphabet that it names; use Alphabet: UTF-8";
	return good;
}

/* -- numbers -- */

/* Digits, maybe with "+" and blanks; smstools' "s" before a short number goes. */
static void
take_number(struct sms *sms, const char *text, size_t len, const char **why)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '-' || (c == 's' && i == 0))
			continue;
		if (!((c >= '0' && c <= '9') || (c == '+' && n == 0)) || n == NUMBER_MAX - 1) {
			*why = "its number is none";
			return;
		}
		sms->to[n++] = c;
	}
	sms->to[n] = '\0';
}

/* -- smstools -- */

static bool
key_is(const char *line, size_t len, const char *key)
{
	return len == strlen(key) && memcmp(line, key, len) == 0;
}

struct header {				/* of one line; the value is without the blanks around */
	const char *key, *value;
	size_t key_len, value_len;
};

/* false: it is none. */
static bool
read_header(const char *line, size_t len, struct header *out)
{
	const char *colon = memchr(line, ':', len);

	if (!colon)
		return false;
	*out = (struct header){ line, colon + 1, (size_t)(colon - line), len - (size_t)(colon + 1 - line) };
	while (out->value_len && strchr(" \t", *out->value)) {
		out->value++;
		out->value_len--;
	}
	while (out->value_len && strchr(" \t\r", out->value[out->value_len - 1]))
		out->value_len--;
	return true;
}

static void
take_header(struct sms *sms, const struct header *h, char alphabet[20], const char **why)
{
	if (key_is(h->key, h->key_len, "To")) {
		if (sms->to[0])
			*why = "it names two numbers; write a file for each";
		else
			take_number(sms, h->value, h->value_len, why);
	} else if (key_is(h->key, h->key_len, "Alphabet")) {
		snprintf(alphabet, 20, "%.*s", (int)(h->value_len < 19 ? h->value_len : 19), h->value);
	} else if (key_is(h->key, h->key_len, "Flash")) {
		sms->flash = h->value_len && strchr("yY1tT", *h->value);
	}
}

json_t *
smstools_read(const char *bytes, size_t len, const char **why)
{
	struct sms sms = { .to = "" };
	char alphabet[20] = "";
	const char *p = bytes, *end = bytes + len;

	*why = NULL;
	while (p < end && !*why) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t line = nl ? (size_t)(nl - p) : (size_t)(end - p);
		struct header h;

		if (line == 0 || (line == 1 && *p == '\r')) {
			p = nl ? nl + 1 : end;
			break;
		}
		if (!read_header(p, line, &h))
			*why = "a line above the empty line is no header; the text begins after an empty line";
		else
			take_header(&sms, &h, alphabet, why);
		p = nl ? nl + 1 : end;
	}
	if (!*why)
		put_smstools_text(&sms, alphabet, p, (size_t)(end - p), why);
	return finish(&sms, why);
}

/* -- gammu -- */

/* "OUT+86138….txt", or the fourth part of "OUTC20261201_183519_00_+86138…_sms0.txt". */
static void
number_of_name(struct sms *sms, const char *name, const char **why)
{
	const char *dot = strrchr(name, '.'), *p = name + 3;
	size_t len;

	for (int part = 0; part < 3 && strchr(p, '_'); part++)
		p = strchr(p, '_') + 1;
	len = strcspn(p, "_");
	if (dot && dot >= p && len > (size_t)(dot - p))
		len = (size_t)(dot - p);
	take_number(sms, p, len, why);
}

static json_t *
read_gammu_text(const char *name, const char *options, const char *bytes, size_t len, const char **why)
{
	struct sms sms = { .flash = strchr(options, 'f') };
	const unsigned char *p = (const unsigned char *)bytes;
	bool good;

	number_of_name(&sms, name, why);
	if (len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		good = put_utf16(&sms.text, p + 2, len - 2, p[0] == 0xff);
	else
		good = put_unsaid(&sms.text, bytes, len);
	if (!good && !*why)
		*why = "its text is neither UTF-8 nor UTF-16 with its mark";
	return finish(&sms, why);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Its UTF-16BE; false: it is none. */
static bool
put_hex(struct buf *out, const char *hex, size_t len)
{
	unsigned char *units = xmalloc(len / 2 + 1);
	bool good = len % 4 == 0;

	for (size_t i = 0; good && i + 1 < len; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		good = high >= 0 && low >= 0;
		units[i / 2] = (unsigned char)((unsigned)(high & 15) << 4 | (unsigned)(low & 15));
	}
	good = good && put_utf16(out, units, len / 2, false);
	free(units);
	return good;
}

struct backup {
	struct sms sms;
	struct buf number;		/* of this section */
	unsigned sections;
	bool is_coded;			/* its Coding is one of texts */
};

/* All parts of one message go to one number; another number is another message. */
static void
end_section(struct backup *b, const char **why)
{
	char first[NUMBER_MAX];

	if (!b->sections || *why)
		return;
	if (!b->is_coded)
		*why = "it is no text (its Coding is 8bit)";
	memcpy(first, b->sms.to, sizeof(first));
	take_number(&b->sms, b->number.data ? b->number.data : "", b->number.len, why);
	if (!*why && first[0] && strcmp(first, b->sms.to) != 0)
		*why = "it names two numbers; write a file for each";
	buf_reset(&b->number);
}

static void
take_line(struct backup *b, const char *line, size_t len, const char **why)
{
	const char *equals = memchr(line, '=', len), *value;
	size_t key = equals ? (size_t)(equals - line) : 0, rest;

	if (!equals)
		return;
	value = equals + 1;
	rest = len - key - 1;
	while (key && line[key - 1] == ' ')
		key--;
	while (rest && *value == ' ') {
		value++;
		rest--;
	}
	while (rest && strchr(" \r", value[rest - 1]))
		rest--;
	if (key_is(line, key, "NumberUnicode") && !put_hex(&b->number, value, rest))
		*why = "its number is none";
	else if (key == 6 && memcmp(line, "Text", 4) == 0 && !put_hex(&b->sms.text, value, rest))
		*why = "its text is none";
	else if (key_is(line, key, "Coding"))
		b->is_coded = rest < 4 || memcmp(value, "8bit", 4) != 0;
	else if (key_is(line, key, "Class"))
		b->sms.flash |= key_is(value, rest, "0");
}

static json_t *
read_backup(const char *bytes, size_t len, const char **why)
{
	struct backup b = { .sections = 0 };
	const char *end = bytes + len;

	for (const char *p = bytes; p < end && !*why;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t line = nl ? (size_t)(nl - p) : (size_t)(end - p);

		if (line >= 10 && memcmp(p, "[SMSBackup", 10) == 0) {
			end_section(&b, why);
			b.is_coded = true;
			if (++b.sections > PARTS_MAX)
				*why = "it has more than 40 parts";
		} else if (b.sections && line && *p != ';') {
			take_line(&b, p, line, why);
		}
		p = nl ? nl + 1 : end;
	}
	end_section(&b, why);
	buf_fini(&b.number);
	return finish(&b.sms, why);
}

json_t *
gammu_read(const char *name, const char *bytes, size_t len, const char **why)
{
	const char *dot = strrchr(name, '.');

	*why = NULL;
	if (dot && strcmp(dot, ".smsbackup") == 0)
		return read_backup(bytes, len, why);
	if (strncmp(name, "OUT", 3) == 0 && dot && strncmp(dot, ".txt", 4) == 0)
		return read_gammu_text(name, dot + 4, bytes, len, why);
	*why = "its name is neither OUT….txt nor ….smsbackup";
	return NULL;
}
