/* err.c -- fills a struct err; it never fails and never allocates. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>

static void
fill(struct err *err, const char *field, const char *fmt, va_list args)
{
	snprintf(err->field, sizeof(err->field), "%s", field);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
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
