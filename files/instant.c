/* instant.c -- RFC 3339 read strictly where it matters: no instant that is none. */
#include "files/instant.h"

#include <stdbool.h>
#include <string.h>

static const char *
digits(const char *p, int count, int *out)
{
	*out = 0;
	for (; p && count > 0; count--, p++) {
		if (*p < '0' || *p > '9')
			return NULL;
		*out = *out * 10 + *p - '0';
	}
	return p;
}

static const char *
expect(const char *p, const char *any)
{
	return p && *p && strchr(any, *p) ? p + 1 : NULL;
}

static bool
is_day(const struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = tm->tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1970 && year <= 2200 && tm->tm_mon >= 0 && tm->tm_mon < 12 &&
	       tm->tm_mday >= 1 && tm->tm_mday <= days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

const char *
date_time_parse(struct tm *tm, int *ms, const char *p)
{
	int scale = 100;

	*tm = (struct tm){ .tm_isdst = -1 };
	*ms = 0;
	p = expect(digits(p, 4, &tm->tm_year), "-/");
	p = expect(digits(p, 2, &tm->tm_mon), "-/");
	p = expect(digits(p, 2, &tm->tm_mday), "Tt ");
	p = expect(digits(p, 2, &tm->tm_hour), ":");
	p = digits(p, 2, &tm->tm_min);
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	if (p && *p == ':')
		p = digits(p + 1, 2, &tm->tm_sec);
	if (p && *p == '.' && p[1] >= '0' && p[1] <= '9') {
		for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
			*ms += (*p - '0') * scale;
	}
	if (!p || !is_day(tm) || tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
		return NULL;
	return p;
}

static const char *
offset(int *seconds, const char *p)
{
	int hours, minutes, sign = *p == '-' ? -1 : 1;

	*seconds = 0;
	if (*p == 'Z' || *p == 'z')
		return p + 1;
	p = expect(p, "+-");
	p = expect(digits(p, 2, &hours), ":");
	p = digits(p, 2, &minutes);
	if (!p || hours > 14 || minutes > 59)
		return NULL;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return p;
}

int
time_parse_rfc3339(msec *out, const char *text)
{
	struct tm tm;
	int ms, east;
	const char *p = date_time_parse(&tm, &ms, text);

	if (!p || !(p = offset(&east, p)) || *p)
		return -1;
	*out = ((msec)timegm(&tm) - east) * 1000 + ms;
	return 0;
}

const char *
instant_local(char out[INSTANT_LOCAL], msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(out, INSTANT_LOCAL, "%Y-%m-%d %H:%M:%S", &tm))
		*out = '\0';
	return out;
}
