/* times.c -- instants as people and programs write them -> Unix ms. */
#include "daemon/intake/intake.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Date, time and fraction; returns what follows, NULL if it is none. */
static const char *
date_time(struct tm *tm, int *ms, const char *p)
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
	const char *p = date_time(&tm, &ms, text);

	if (!p || !(p = offset(&east, p)) || *p)
		return -1;
	*out = ((msec)timegm(&tm) - east) * 1000 + ms;
	return 0;
}

int
time_parse_local(msec *out, const char *text)
{
	struct tm tm, back;
	int ms;
	const char *p;
	time_t at;

	if (time_parse_rfc3339(out, text) == 0)
		return 0;
	p = date_time(&tm, &ms, text);
	if (!p || *p)
		return -1;
	back = tm;
	at = mktime(&back);
	/* A time that the clocks jump over is none. */
	if (at == -1 || back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min)
		return -1;
	*out = (msec)at * 1000 + ms;
	return 0;
}

static bool
has_form(const char *text, const char *form)
{
	for (; *form && *text; form++, text++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return !*form && !*text;
}

/* When a day begins; where the clocks jump over its midnight, an hour later. */
static int
day_begin(msec *out, const char *date)
{
	char text[32];

	snprintf(text, sizeof(text), "%s 00:00", date);
	if (time_parse_local(out, text) == 0)
		return 0;
	snprintf(text, sizeof(text), "%s 01:00", date);
	return time_parse_local(out, text);
}

/* Two days back, since on the one before the clocks may have jumped over it. */
static int
last_time(msec *out, const char *clock, msec now)
{
	time_t seconds = (time_t)(now / 1000);
	struct tm day;
	char date[16], text[32];

	for (int back = 0; back <= 2; back++) {
		if (!localtime_r(&seconds, &day))
			return -1;
		day.tm_mday -= back;
		day.tm_hour = 12;
		day.tm_isdst = -1;
		mktime(&day);
		strftime(date, sizeof(date), "%Y-%m-%d", &day);
		snprintf(text, sizeof(text), "%s %s", date, clock);
		if (time_parse_local(out, text) == 0 && *out <= now)
			return 0;
	}
	return -1;
}

int
time_parse_past(msec *out, const char *text, msec now)
{
	if (has_form(text, "0000-00-00"))
		return day_begin(out, text);
	if (has_form(text, "00:00") || has_form(text, "00:00:00"))
		return last_time(out, text, now);
	return time_parse_local(out, text);
}
