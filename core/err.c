/* err.c -- fills a struct err; it never fails and never allocates. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes of the UTF-8 character at p; 0 when there is none. */
static unsigned
character(const unsigned char *p)
{
	static const unsigned least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	unsigned code = *p & (more ? 0x3f >> more : 0x7f);

	if (*p >= 0xf5 || (*p >= 0x80 && *p < 0xc2))
		return 0;
	for (unsigned i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	return code < least[more] || code >> 11 == 0x1b || code > 0x10ffff ? 0 : more + 1;
}

/* A sentence is shown to people and travels in JSON: what was cut inside a character, or was no
 * UTF-8 to begin with, becomes "?". */
static void
mend(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p) {
		unsigned bytes = character(p);

		if (!bytes)
			*p = '?';
		p += bytes ? bytes : 1;
	}
}

static void
fill(struct err *err, const char *field, const char *fmt, va_list args)
{
	snprintf(err->field, sizeof(err->field), "%s", field);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	mend(err->field);
	mend(err->text);
}

int
err_set(struct err *err, const char *fmt, ...)
{
	if (err) {
		va_list args;

		va_start(args, fmt);
		fill(err, "", fmt, args);
		va_end(args);
	}
	return -1;
}

int
err_field(struct err *err, const char *field, const char *fmt, ...)
{
	if (err) {
		va_list args;

		va_start(args, fmt);
		fill(err, field, fmt, args);
		va_end(args);
	}
	return -1;
}
