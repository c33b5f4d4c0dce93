/* instant.c -- when: as people write it (8:00, 明天8:00, 2026/11/30 8:00, 11-24 02:10:05) in the site's
 * zone, which gongd tells; as programs do (RFC 3339, Unix milliseconds); or a duration from now. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/number.h"

#define AHEAD_MAX HOURS(24 * 366) /* how far an alert may be planned, and how far back one looks */
#define DAY_S 86400

struct when {
	struct tm tm;			/* year -1 = none was said */
	bool dated, timed, zoned;
	long offset_s;
};

static bool
skip(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

static bool
skip_any(const char **p, const char *const *words)
{
	for (; *words; words++)
		if (skip(p, *words))
			return true;
	return false;
}

static void
blanks(const char **p)
{
	*p += strspn(*p, " ");
}

/* Up to `most` digits; -1: there are none, or more. */
static int
figure(const char **p, size_t most)
{
	size_t len = strspn(*p, "0123456789");
	int64_t value = -1;
	char text[8];

	if (!len || len > most || most >= sizeof(text))
		return -1;
	memcpy(text, *p, len);
	text[len] = '\0';
	if (whole_parse(&value, text, 0, 9999) < 0)
		return -1;
	*p += len;
	return (int)value;
}

/* 今天, tomorrow: today's date and so many days more. */
static bool
by_name(const char **p, struct when *w, time_t now)
{
	static const struct {
		const char *word;
		int days;
	} days[] = { { "今天", 0 },    { "明天", 1 }, { "后天", 2 },      { "昨天", -1 },   { "前天", -2 },
		     { "today", 0 }, { "tomorrow", 1 }, { "yesterday", -1 } };

	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		struct tm tm;

		if (!skip(p, days[i].word))
			continue;
		localtime_r(&now, &tm);
		w->tm.tm_year = tm.tm_year;
		w->tm.tm_mon = tm.tm_mon;
		w->tm.tm_mday = tm.tm_mday + days[i].days;
		w->dated = true;
		return true;
	}
	return false;
}

/* "2026/11/30", "11-24", "2026年11月30日", "11月24日"; nothing is taken when it is none. */
static void
by_date(const char **p, struct when *w)
{
	static const char *const between[] = { "-", "/", "年", "月", NULL };
	const char *at = *p;
	int first = figure(&at, 4), second, third = -1;

	if (first < 0 || !skip_any(&at, between) || (second = figure(&at, 2)) < 0)
		return;
	if (skip_any(&at, between))
		third = figure(&at, 2);
	skip(&at, "日");
	w->tm.tm_year = third < 0 ? -1 : first - 1900;
	w->tm.tm_mon = (third < 0 ? first : second) - 1;
	w->tm.tm_mday = third < 0 ? second : third;
	w->dated = true;
	*p = at;
}

static void
by_clock(const char **p, struct when *w)
{
	static const char *const colon[] = { ":", "时", "点", NULL }, *const minute[] = { ":", "分", NULL };
	static const char *const late[] = { "下午", "晚上", NULL }, *const early[] = { "上午", "凌晨", "早上", NULL };
	const char *at = *p;
	bool after_noon = skip_any(&at, late);
	int hour;

	if (!after_noon)
		skip_any(&at, early);
	hour = figure(&at, 2);
	if (hour < 0 || !skip_any(&at, colon))
		return;
	w->tm.tm_hour = hour + (after_noon && hour < 12 ? 12 : 0);
	w->tm.tm_min = w->tm.tm_sec = 0;
	if (skip(&at, "半"))
		w->tm.tm_min = 30;
	else if (*at >= '0' && *at <= '9')
		w->tm.tm_min = figure(&at, 2);
	if (skip_any(&at, minute) && *at >= '0' && *at <= '9')
		w->tm.tm_sec = figure(&at, 2);
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	skip(&at, "秒");
	w->timed = true;
	*p = at;
}

/* "+0800", "+08:00", "Z". */
static void
by_offset(const char **p, struct when *w)
{
	const char *at = *p;
	int sign = *at == '-' ? -1 : 1, hours, minutes;

	if (skip(p, "Z") || skip(p, "z")) {
		w->zoned = true;
		return;
	}
	if (*at != '+' && *at != '-')
		return;
	at++;
	if (strspn(at, "0123456789") == 4) {
		hours = (at[0] - '0') * 10 + at[1] - '0';
		at += 2;
	} else {
		hours = figure(&at, 2);
		skip(&at, ":");
	}
	minutes = figure(&at, 2);
	if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
		return;
	w->offset_s = sign * (hours * 3600L + minutes * 60L);
	w->zoned = true;
	*p = at;
}

/* Reads the whole of it, or nothing. */
static bool
read_when(const char *text, struct when *w, time_t now)
{
	const char *p = text;

	*w = (struct when){ .tm = { .tm_year = -1, .tm_isdst = -1 } };
	blanks(&p);
	if (!by_name(&p, w, now))
		by_date(&p, w);
	blanks(&p);
	if (w->dated && (*p == 'T' || *p == 't'))
		p++;
	by_clock(&p, w);
	blanks(&p);
	if (w->timed)
		by_offset(&p, w);
	blanks(&p);
	return !*p && (w->dated || w->timed) && w->tm.tm_hour >= 0 && w->tm.tm_hour < 24 &&
		w->tm.tm_min >= 0 && w->tm.tm_min < 60 && w->tm.tm_sec >= 0 && w->tm.tm_sec < 60;
}

/* -1 for a day that the calendar lacks; 今天 may count days beyond the month's end. */
static time_t
seconds_of(const struct when *w, bool exact)
{
	struct tm tm = w->tm;
	time_t at = w->zoned ? timegm(&tm) - w->offset_s : mktime(&tm);

	return exact && (tm.tm_mon != w->tm.tm_mon || tm.tm_mday != w->tm.tm_mday) ? -1 : at;
}

/* Fills in what was not said: the day, or the year, nearest on the side that is meant. */
static time_t
resolve(struct when *w, bool ahead, time_t now)
{
	bool dated = w->dated, yeared = w->tm.tm_year >= 0;
	time_t at, best = -1;
	struct tm today;

	localtime_r(&now, &today);
	if (dated && yeared)
		return seconds_of(w, w->tm.tm_mday <= 31 && w->tm.tm_mday >= 1);
	for (int turn = -1; turn <= 1; turn++) {
		w->tm.tm_year = today.tm_year + (dated ? turn : 0);
		if (!dated) {
			w->tm.tm_mon = today.tm_mon;
			w->tm.tm_mday = today.tm_mday + turn;
		}
		at = seconds_of(w, dated);
		if (at < 0 || (ahead ? at <= now : at > now))
			continue;
		best = best < 0 || ahead == (at < best) ? at : best;
	}
	return best;
}

/* The zone stands in the head of every answer. */
static int
learn_zone(struct ctl *ctl)
{
	json_t *answer = NULL;
	int code = client_get(ctl, &answer, "/v1/routes");

	json_decref(answer);
	return code;
}

static int
no_instant(struct ctl *ctl, const char *option, const char *text)
{
	return ctl_usage(ctl,
			 say(ctl,
			     "%s \"%s\" is neither a duration of at most 366d, such as 4h, nor an instant "
			     "such as 8:00, 2026/11/30 8:00 or 2026-11-24T06:00:00+08:00",
			     "%s \"%s\" 既不是至多366天的时长(如 4小时),也不是时刻(如 8:00、明天8:00、"
			     "2026/11/30 8:00)"),
			 option, text);
}

int
instant_option(struct ctl *ctl, const char *option, bool ahead, msec *out)
{
	const char *text = args_value(ctl, option);
	time_t now = time(NULL), at;
	struct when w;
	int64_t ms;

	if (duration_spelt(&ms, text, 1, AHEAD_MAX) == 0) {
		*out = now_ms() + (ahead ? ms : -ms);
		return CTL_OK;
	}
	if (whole_parse(out, text, 0, INT64_MAX) == 0)
		return CTL_OK;
	if (!read_when(text, &w, now) || (ahead && !w.timed))
		return no_instant(ctl, option, text);
	if (!w.zoned) {
		int code = learn_zone(ctl);

		if (code != CTL_OK)
			return code;
		read_when(text, &w, now);	/* "tomorrow" is the site's */
	}
	at = resolve(&w, ahead, now);
	if (at < 0)
		return no_instant(ctl, option, text);
	*out = (msec)at * 1000;
	return CTL_OK;
}

int
since_add(struct ctl *ctl, struct buf *path)
{
	char number[24];
	msec at = 0;
	int code;

	if (!args_has(ctl, "--since"))
		return CTL_OK;
	code = instant_option(ctl, "--since", false, &at);
	if (code == CTL_OK) {
		snprintf(number, sizeof(number), "%lld", (long long)at);
		query_add(path, "since", number);
	}
	return code;
}
