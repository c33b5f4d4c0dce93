/* number.c -- one grammar for every number of a text, so that no reader of the C library's
 * (strtod takes "0x10", "1e300" and "infinity") decides when an alert ends. */
#include "core/number.h"

#include <stdio.h>
#include <string.h>

#define FRACTION_DIGITS 9

bool
number_is_shortened(const char *text)
{
	size_t whole = strspn(text, "0123456789"), decimals = 0;

	text += whole;
	if (*text == '.') {
		decimals = strspn(++text, "0123456789");
		text += decimals;
	}
	if (!whole || (*text != 'e' && *text != 'E'))
		return false;
	text += 1 + (text[1] == '+');
	return *text && text[strspn(text, "0123456789")] == '\0';
}

int
digit_at(const char *p, size_t *len)
{
	const unsigned char *u = (const unsigned char *)p;

	*len = 1;
	if (u[0] >= '0' && u[0] <= '9')
		return u[0] - '0';
	*len = 3;
	if (u[0] == 0xef && u[1] == 0xbc && u[2] >= 0x90 && u[2] <= 0x99)
		return u[2] - 0x90;
	return -1;
}

/* A decimal as whole / scale; scale is 1 … 10^9. */
struct decimal {
	int64_t whole;
	int64_t fraction, scale;
};

/* Digits into *out; returns what follows them, NULL when there is none or they are too many. */
static const char *
digits(int64_t *out, const char *p)
{
	const char *start = p;

	for (*out = 0; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*out, (int64_t)10, out) ||
		    __builtin_add_overflow(*out, (int64_t)(*p - '0'), out))
			return NULL;
	return p == start ? NULL : p;
}

/* "12", "12.5"; returns what follows, NULL if it is none. */
static const char *
decimal(struct decimal *out, const char *p)
{
	int count = 0;

	*out = (struct decimal){ .scale = 1 };
	p = digits(&out->whole, p);
	if (!p || *p != '.')
		return p;
	for (p++; *p >= '0' && *p <= '9'; p++, count++) {
		if (count >= FRACTION_DIGITS)
			continue;
		out->fraction = out->fraction * 10 + *p - '0';
		out->scale *= 10;
	}
	return count ? p : NULL;
}

int
whole_parse(int64_t *out, const char *text, int64_t least, int64_t most)
{
	int64_t value;
	int minus = least < 0 && *text == '-';
	const char *end = digits(&value, text + minus);

	if (minus)
		value = -value;
	if (!end || *end || value < least || value > most)
		return -1;
	*out = value;
	return 0;
}

int
decimal_parse(double *out, const char *text, double least, double most)
{
	struct decimal d;
	int minus = least < 0 && *text == '-';
	const char *end = decimal(&d, text + minus);
	double value = (double)d.whole + (double)d.fraction / (double)d.scale;

	if (minus)
		value = -value;
	if (!end || *end || value < least || value > most)
		return -1;
	*out = value;
	return 0;
}

static const struct {
	const char *name;
	msec ms;
} units[] = {
	{ "d", HOURS(24) }, { "h", HOURS(1) }, { "m", MINUTES(1) }, { "min", MINUTES(1) },
	{ "s", SECONDS(1) }, { "ms", 1 },
};
#define UNITS (sizeof(units) / sizeof(*units))

int
duration_parse(msec *out, const char *text, msec least, msec most)
{
	struct decimal d;
	const char *unit = decimal(&d, text);
	msec value;

	for (size_t i = 0; unit && i < UNITS; i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		/* The fraction is less than 10^9, and 10^9 days are 8.6e16: within 64 bit. */
		if (__builtin_mul_overflow(d.whole, units[i].ms, &value) ||
		    __builtin_add_overflow(value, d.fraction * units[i].ms / d.scale, &value))
			return -1;
		if (value < least || value > most)
			return -1;
		*out = value;
		return 0;
	}
	return -1;
}

const char *
duration_format(char out[DURATION_TEXT], msec ms)
{
	size_t i = 0;

	while (i < UNITS - 1 && (!ms || ms % units[i].ms || strcmp(units[i].name, "min") == 0))
		i++;
	if (!ms)
		i = UNITS - 2;
	snprintf(out, DURATION_TEXT, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
	return out;
}

msec
msec_divide(msec ms, double divisor)
{
	double quotient = (double)ms / divisor;

	return quotient < (double)NEVER ? (msec)quotient : NEVER;
}
