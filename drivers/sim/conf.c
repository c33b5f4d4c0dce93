/* conf.c -- gong-sim's options: a JSON object to checked values. */
#include "drivers/sim/sim.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"

enum option_type { OPTION_BOOL, OPTION_INT, OPTION_RATIO, OPTION_TEXT };

#define AT(member) offsetof(struct sim_conf, member)

static const struct option {
	const char *name;
	enum option_type type;
	size_t at;
	long long min, max;		/* TEXT: max is its room */
	const char *otherwise;
} options[] = {
	{ "simulation", OPTION_BOOL, AT(simulation), 0, 1, "false" },
	{ "channels", OPTION_TEXT, AT(channels), 0, 16, "sms" },
	{ "latency_ms", OPTION_INT, AT(latency_ms), 0, 3600000, "0" },
	{ "jitter_ms", OPTION_INT, AT(jitter_ms), 0, 3600000, "0" },
	{ "loss", OPTION_RATIO, AT(loss), 0, 1, "0" },
	{ "unknown", OPTION_RATIO, AT(unknown), 0, 1, "0" },
	{ "reject", OPTION_RATIO, AT(reject), 0, 1, "0" },
	{ "reject_class", OPTION_TEXT, AT(reject_class), 0, 16, "retry_other" },
	{ "receipts", OPTION_BOOL, AT(receipts), 0, 1, "false" },
	{ "receipt_ms", OPTION_INT, AT(receipt_ms), 0, 86400000, "500" },
	{ "seed", OPTION_INT, AT(seed), 0, 1LL << 53, "1" },
	{ "window", OPTION_INT, AT(window), 1, 1000000, "2048" },
	{ "batch", OPTION_INT, AT(batch), 1, 10000, "500" },
	{ "lines", OPTION_INT, AT(lines), 1, 10000, "10" },
	{ "talk_ms", OPTION_INT, AT(talk_ms), 0, 3600000, "15000" },
	{ "log", OPTION_TEXT, AT(log), 0, PATH_TEXT, "" },
	{ "people", OPTION_TEXT, AT(people), 0, PATH_TEXT, "" },
	{ "number", OPTION_TEXT, AT(number), 0, PHONE_TEXT, "" },
	{ "health", OPTION_TEXT, AT(health), 0, PATH_TEXT, "" },
};

static int
number(double *out, const struct option *o, const char *text, struct err *err)
{
	int64_t whole = 0;
	int rc = o->type == OPTION_RATIO ? decimal_parse(out, text, (double)o->min, (double)o->max)
		: whole_parse(&whole, text, o->min, o->max);

	if (o->type != OPTION_RATIO)
		*out = (double)whole;
	if (rc < 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, o->name), sim_option_number, o->name, NUM(o->min), NUM(o->max), QUOTE(text));
	return 0;
}

static int
set(struct sim_conf *c, const struct option *o, const char *text, struct err *err)
{
	void *at = (char *)c + o->at;
	double value = 0;

	switch (o->type) {
	case OPTION_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, o->name), sim_option_flag, o->name, QUOTE(text));
		*(bool *)at = text[0] == 't';
		return 0;
	case OPTION_INT:
		if (number(&value, o, text, err) < 0)
			return -1;
		*(long long *)at = (long long)value;
		return 0;
	case OPTION_RATIO:
		return number(at, o, text, err);
	case OPTION_TEXT:
		if (strlen(text) >= (size_t)o->max)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, o->name), sim_option_long, o->name);
		memcpy(at, text, strlen(text) + 1);
		return 0;
	}
	return -1;
}

/* gong.conf's option { value = … } hands every value over as a string, so that "250" and 250
 * mean the same. */
static int
set_json(struct sim_conf *c, const struct option *o, json_t *value, struct err *err)
{
	char text[40];

	if (json_is_string(value))
		return set(c, o, json_string_value(value), err);
	if (json_is_boolean(value) && o->type == OPTION_BOOL)
		return set(c, o, json_is_true(value) ? "true" : "false", err);
	if (!json_is_number(value) || o->type == OPTION_BOOL || o->type == OPTION_TEXT)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, o->name), sim_option_type, o->name);
	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	else
		snprintf(text, sizeof(text), "%.9f", json_real_value(value));
	return set(c, o, text, err);
}

int
sim_conf_read(struct sim_conf *c, json_t *config, struct err *err)
{
	const size_t count = sizeof(options) / sizeof(*options);
	const char *name;
	json_t *value;

	*c = (struct sim_conf){ 0 };
	for (size_t i = 0; i < count; i++)
		set(c, &options[i], options[i].otherwise, NULL);
	json_object_foreach(config, name, value) {
		size_t i = 0;

		while (i < count && strcmp(options[i].name, name) != 0)
			i++;
		if (strcmp(name, "callback_url") == 0)
			continue;	/* gongd gives it to every driver */
		if (i == count)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), sim_option_unknown, QUOTE(name));
		if (set_json(c, &options[i], value, err) < 0)
			return -1;
	}
	if (!c->simulation)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "simulation"), sim_simulation);
	if (strcmp(c->channels, "sms") != 0 && strcmp(c->channels, "voice") != 0 &&
	    strcmp(c->channels, "sms,voice") != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "channels"), sim_channels, QUOTE(c->channels));
	if (reject_parse(c->reject_class) <= REJECT_NONE)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "reject_class"), sim_reject_class, QUOTE(c->reject_class));
	return 0;
}
