/* times.c -- instants as people and programs write them -> Unix ms. */
#include "daemon/intake/intake.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int
time_parse_local(msec *out, const char *text)
{
	struct tm tm, back;
	int ms;
	const char *p;
	time_t at;

	if (time_parse_rfc3339(out, text) == 0)
		return 0;
	p = date_time_parse(&tm, &ms, text);
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
