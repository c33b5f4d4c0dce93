/* xlsx_number.c -- numbers of cells as people read them; decimal throughout, so that no digit changes. */
#include "files/xlsx_parts.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 40
#define DIGITS_TRUE 15			/* that a spreadsheet keeps */
#define DAYS_MAX 2958465		/* 9999-12-31 */

struct decimal {			/* 0.d1d2d3… times 10 to the `point` */
	bool negative;
	char digits[DIGITS_MAX + 1];	/* without zeros around them */
	int count, point;
};

static const char *
take_digits(struct decimal *d, const char *p, bool behind_point)
{
	for (; *p >= '0' && *p <= '9'; p++) {
		bool leading = !d->count && *p == '0';

		if (!leading && d->count < DIGITS_MAX)
			d->digits[d->count++] = *p;
		if (behind_point ? leading : !leading)
			d->point += behind_point ? -1 : 1;
	}
	return p;
}

static bool
take_exponent(struct decimal *d, const char *p)
{
	bool negative = *p == '-';
	int exponent = 0;

	p += *p == '-' || *p == '+';
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		exponent = exponent < 1000 ? exponent * 10 + *p - '0' : exponent;
	d->point += negative ? -exponent : exponent;
	return !*p;
}

static bool
parse(struct decimal *d, const char *raw)
{
	const char *p = raw;

	*d = (struct decimal){ .negative = *p == '-' };
	p += *p == '-';
	if (*p < '0' || *p > '9')
		return false;
	p = take_digits(d, p, false);
	if (*p == '.')
		p = take_digits(d, p + 1, true);
	if ((*p == 'e' || *p == 'E') ? !take_exponent(d, p + 1) : *p)
		return false;
	while (d->count && d->digits[d->count - 1] == '0')
		d->count--;
	d->digits[d->count] = '\0';
	return true;
}

static void
round_to(struct decimal *d, int count)
{
	bool up;

	if (count < 0 || d->count <= count)
		return;
	up = d->digits[count] >= '5';
	d->count = count;
	while (up && d->count && d->digits[d->count - 1] == '9')
		d->count--;
	if (up && d->count) {
		d->digits[d->count - 1]++;
	} else if (up) {		/* 999… is 1000… */
		d->digits[d->count++] = '1';
		d->point++;
	}
	while (d->count && d->digits[d->count - 1] == '0')
		d->count--;
	d->digits[d->count] = '\0';
}

static void
put_plain(struct buf *out, const struct decimal *d)
{
	if (d->point <= 0) {
		buf_puts(out, "0.");
		for (int i = d->point; i < 0; i++)
			buf_puts(out, "0");
		buf_puts(out, d->digits);
		return;
	}
	for (int i = 0; i < d->point; i++)
		buf_add(out, i < d->count ? &d->digits[i] : "0", 1);
	if (d->count > d->point)
		buf_printf(out, ".%s", d->digits + d->point);
}

void
xlsx_number_text(struct buf *out, const char *raw)
{
	struct decimal d;

	if (!parse(&d, raw)) {
		buf_puts(out, raw);
		return;
	}
	if (d.point <= DIGITS_TRUE)
		round_to(&d, DIGITS_TRUE);
	if (!d.count) {
		buf_puts(out, "0");
		return;
	}
	if (d.negative)
		buf_puts(out, "-");
	if (d.point > DIGITS_TRUE)
		buf_printf(out, "%c.%sE+%d", d.digits[0], d.count > 1 ? d.digits + 1 : "0", d.point - 1);
	else if (d.point < -DIGITS_TRUE)
		buf_printf(out, "%c.%sE%d", d.digits[0], d.count > 1 ? d.digits + 1 : "0", d.point - 1);
	else
		put_plain(out, &d);
}

/* Days and seconds of the day; false: no instant that a calendar has. */
static bool
split(const struct decimal *d, int64_t *days, int64_t *seconds)
{
	int64_t part = 0, unit = 1;

	*days = 0;
	if (d->negative || d->point > 7)
		return false;
	for (int i = 0; i < d->point; i++)
		*days = *days * 10 + (i < d->count ? d->digits[i] - '0' : 0);
	for (int i = d->point; i < d->point + 9 || i < 9; i++) {
		if (unit >= 1000000000)
			break;
		part = part * 10 + (i >= 0 && i < d->count ? d->digits[i] - '0' : 0);
		unit *= 10;
	}
	*seconds = (part * 86400 + unit / 2) / unit;
	*days += *seconds / 86400;
	*seconds %= 86400;
	return *days <= DAYS_MAX;
}

/* Days since 1970-01-01 as a date (H. Hinnant, chrono-compatible low-level date algorithms). */
static void
put_date(struct buf *out, int64_t days)
{
	int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;

	buf_printf(out, "%04d-%02d-%02d", (int)(yoe + era * 400 + (month <= 2)), (int)month,
		   (int)(doy - (153 * mp + 2) / 5 + 1));
}

void
xlsx_date_text(struct buf *out, const char *raw, bool dated, bool timed, bool since_1904)
{
	int64_t days, seconds;
	struct decimal d;

	if (!parse(&d, raw) || !split(&d, &days, &seconds)) {
		xlsx_number_text(out, raw);
		return;
	}
	dated |= days > 0;
	if (since_1904)
		days += 1462;
	else if (days < 60)
		days++;			/* Lotus had a 29 February 1900, and so have all since */
	if (dated)
		put_date(out, days - 25569);
	if (timed || seconds || !dated)
		buf_printf(out, "%s%02d:%02d", dated ? " " : "", (int)(seconds / 3600),
			   (int)(seconds / 60 % 60));
	if (seconds % 60)
		buf_printf(out, ":%02d", (int)(seconds % 60));
}
