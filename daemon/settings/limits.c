/* limits.c -- which number each option of the settings may be: one row an option, read when its
 * line is read, so that a refusal names that line.  The pages of docs/man say the same. */
#include "daemon/settings/internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define DAYS(n) HOURS(24 * (n))

static const struct limit {
	const char *option;
	double least, most;		/* durations: ms */
	bool or_none;			/* 0 stands for none */
} limits[] = {
	/* site */
	{ "policy_divisor", 1, 100000, false },
	{ "validity", SECONDS(1), DAYS(366), false },
	{ "auto_replies_per_hour", 0, 1000, false },
	{ "ring", SECONDS(1), MINUTES(10), false },
	{ "plays", 1, 10, false },
	/* listen */
	{ "port", 0, 65535, false },
	{ "body_max", 1024, 1 << 30, false },
	{ "header_max", 1024, 1 << 20, false },
	{ "connections_max", 1, 100000, false },
	{ "streams_max", 1, 100000, false },
	/* client */
	{ "recipients_max", 0, 1e9, false },
	/* route */
	{ "window", 0, 1e6, false },
	{ "rate", 0.001, 1e6, true },
	{ "speed", 0.001, 1e6, true },
	{ "down_alarm_minutes", 0, 1440, false },
	{ "every", SECONDS(4), DAYS(31), false },
	{ "within", SECONDS(1), DAYS(7), false },
	/* policy */
	{ "until", 1, 5, false },
	{ "chase_below", 1, 5, false },
	{ "below", 1, 5, false },
	{ "quota", 1, 10000, false },
	{ "deadline", SECONDS(1), DAYS(366), false },
	{ "after", 0, DAYS(366), false },
	/* source and its rules */
	{ "heartbeat", SECONDS(10), DAYS(31), false },
	{ "for", SECONDS(1), DAYS(31), false },
	{ "gap", SECONDS(1), DAYS(31), false },
	{ "again", SECONDS(1), DAYS(366), false },
	{ "limit", 1, 10000, false },
	/* template */
	{ "max", 0, 2000, false },
	{ "level", 0, 5, false },
};

/* A number without a row is our own mistake: it would have no bound. */
static const struct limit *
limit_of(const cfg_opt_t *opt)
{
	size_t i = 0;

	while (i < sizeof(limits) / sizeof(*limits) && strcmp(limits[i].option, opt->name) != 0)
		i++;
	assert(i < sizeof(limits) / sizeof(*limits));
	return &limits[i];
}

static int
refuse(cfg_t *cfg, const cfg_opt_t *opt, const char *value)
{
	const struct limit *l = limit_of(opt);

	char least[32], most[32];

	snprintf(least, sizeof(least), "%.10g", l->least);
	snprintf(most, sizeof(most), "%.10g", l->most);
	return conf_refuse(cfg, conf_range, opt->name, QUOTE(value), l->or_none ? WORD(or_none) : "", least, most);
}

int
conf_whole(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct limit *l = limit_of(opt);
	int64_t number;

	if (whole_parse(&number, value, (int64_t)l->least, (int64_t)l->most) < 0)
		return refuse(cfg, opt, value);
	*(long *)result = (long)number;
	return 0;
}

int
conf_decimal(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct limit *l = limit_of(opt);
	double number;

	if (decimal_parse(&number, value, 0, l->most) < 0 ||
	    (number < l->least && !(l->or_none && number == 0)))
		return refuse(cfg, opt, value);
	*(double *)result = number;
	return 0;
}

int
conf_duration(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct limit *l = limit_of(opt);
	char least[DURATION_TEXT], most[DURATION_TEXT];
	msec ms;

	if (duration_parse(&ms, value, (msec)l->least, (msec)l->most) < 0)
		return conf_refuse(cfg, conf_duration, opt->name, QUOTE(value),
				   duration_format(least, (msec)l->least),
				   duration_format(most, (msec)l->most));
	*(double *)result = (double)ms;
	return 0;
}

int
conf_budget(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct pace_budget budget;

	if (pace_budget_parse(&budget, value) < 0)
		return conf_refuse(cfg, conf_budget, QUOTE(value), NUM(PACE_COUNT_MAX));
	*(const char **)result = value;
	return 0;
}
