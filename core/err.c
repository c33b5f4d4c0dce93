/* err.c -- fills a struct err; it never fails and never allocates. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>

/* A sentence is shown to people and travels in JSON: what was cut inside a character, or was no
 * UTF-8 to begin with, becomes "?". */
static void
mend(char *text)
{
	static const unsigned least[] = { 0, 0x80, 0x800, 0x10000 };

	for (unsigned char *p = (unsigned char *)text; *p;) {
		unsigned more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : (*p & 0xf0) == 0xe0 ? 2
			: *p >= 0xf0 && *p < 0xf5 ? 3 : 9;
		unsigned code = more == 9 ? 0 : *p & (more ? 0x3f >> more : 0x7f), i = 1;

		while (more < 9 && i <= more && (p[i] & 0xc0) == 0x80)
			code = code << 6 | (p[i++] & 0x3f);
		if (more == 9 || i <= more || code < least[more] || (code >> 11 == 0x1b) ||
		    code > 0x10ffff)
			*p++ = '?';
		else
			p += more + 1;
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
