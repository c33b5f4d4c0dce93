/* settings.c -- reads the options of a modem route; refuses what it does not know. */
#include "drivers/modem/settings.h"

#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/number.h"

enum shape { SHAPE_TEXT, SHAPE_DIGITS, SHAPE_NUMBER, SHAPE_BOOL };

#define TEXT(name, least, most) { #name, SHAPE_TEXT, offsetof(struct modem_settings, name), 0, least, \
				  most }
#define NUMBER(name, field, unit, least, most) { name, SHAPE_NUMBER, \
	offsetof(struct modem_settings, field), unit, least, most }

/* One row an option: its reader, its limits and its place.  For digits the limits are counts. */
static const struct {
	const char *name;
	enum shape shape;
	size_t offset;
	msec unit, min, max;
} options[] = {
	TEXT(device, 1, 255), TEXT(ports, 1, 255), TEXT(models, 1, 255),
	TEXT(storage, 2, 2), TEXT(network, 3, 4), TEXT(reset_command, 1, 255),
	TEXT(balance_ussd, 2, 32), TEXT(balance_pattern, 3, 200),
	{ "pin", SHAPE_DIGITS, offsetof(struct modem_settings, pin), 0, 4, 8 },
	{ "smsc", SHAPE_DIGITS, offsetof(struct modem_settings, smsc), 0, 3, 20 },
	NUMBER("validity_minutes", validity_ms, MINUTES(1), 5, 60 * 24 * 7 * 63),
	NUMBER("result_seconds", result_ms, SECONDS(1), 2, 300),
	NUMBER("poll_seconds", poll_ms, SECONDS(1), 1, 60),
	NUMBER("balance_hours", balance_ms, HOURS(1), 1, 24 * 31),
	NUMBER("balance_floor", balance_floor, 1, 0, 1000000),
	NUMBER("plan_day", plan_day, 1, 1, 1000000),
	NUMBER("plan_month", plan_month, 1, 1, 100000000),
	NUMBER("temperature_max", temperature_max, 1, 20, 120),
	NUMBER("rung_failures", rung_failures, 1, 1, 20),
	NUMBER("rest_seconds", rest_ms, SECONDS(1), 1, 3600),
	{ "voice", SHAPE_BOOL, offsetof(struct modem_settings, voice), 0, 0, 0 },
	{ "debug", SHAPE_BOOL, offsetof(struct modem_settings, debug), 0, 0, 0 },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static int
set_text(const char **place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);
	size_t len;

	if (!text)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), modem_option_text, name);
	len = strlen(text);
	if (options[row].shape == SHAPE_DIGITS) {
		const char *digits = text + (*text == '+' && strcmp(name, "pin") != 0);

		len = strlen(digits);
		if (strspn(digits, "0123456789") != len)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), modem_option_digits, name);
	}
	if ((msec)len < options[row].min || (msec)len > options[row].max)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), modem_option_length, name, NUM(options[row].min), NUM(options[row].max));
	*place = text;
	return 0;
}

/* Options of gong.conf arrive as texts, those of a JSON configuration as numbers. */
static int
set_number(msec *place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);
	msec least = options[row].min, most = options[row].max, number = json_integer_value(value);

	if (text ? whole_parse(&number, text, least, most) < 0
	    : !json_is_integer(value) || number < least || number > most)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), modem_option_number, name, NUM(options[row].min), NUM(options[row].max));
	*place = number * options[row].unit;
	return 0;
}

static int
set_bool(bool *place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);

	if (json_is_boolean(value))
		*place = json_is_true(value);
	else if (text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		*place = strcmp(text, "true") == 0;
	else
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), modem_option_flag, name);
	return 0;
}

static int
unknown_option(const char *name, struct err *err)
{
	struct buf known = { 0 };

	for (size_t i = 0; i < OPTIONS; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", options[i].name);
	err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), modem_option_unknown, QUOTE(name), known.data);
	buf_fini(&known);
	return -1;
}

static int
set_option(struct modem_settings *s, const char *name, json_t *value, struct err *err)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		void *place = (char *)s + options[i].offset;

		if (strcmp(options[i].name, name) != 0)
			continue;
		switch (options[i].shape) {
		case SHAPE_TEXT:
		case SHAPE_DIGITS:
			return set_text(place, i, value, err);
		case SHAPE_NUMBER:
			return set_number(place, i, value, err);
		case SHAPE_BOOL:
			return set_bool(place, i, value, err);
		}
	}
	return unknown_option(name, err);
}

static int
check_pattern(const struct modem_settings *s, struct err *err)
{
	regex_t pattern;
	char why[120];
	int failed;

	if (!s->balance_pattern)
		return 0;
	failed = regcomp(&pattern, s->balance_pattern, REG_EXTENDED);
	if (failed) {
		regerror(failed, &pattern, why, sizeof(why));
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "balance_pattern"), modem_balance_regex, why);
	}
	failed = pattern.re_nsub < 1;
	regfree(&pattern);
	if (failed)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "balance_pattern"), modem_balance_group);
	return 0;
}

/* Rules that join several options or know their words. */
static int
check(const struct modem_settings *s, struct err *err)
{
	static const char *const storages[] = { "SM", "ME", "MT" }, *const modes[] = { "auto", "lte",
		"gsm" };
	bool known = !s->storage, mode = !s->network;

	for (size_t i = 0; i < 3; i++) {
		known |= s->storage && strcmp(s->storage, storages[i]) == 0;
		mode |= s->network && strcmp(s->network, modes[i]) == 0;
	}
	if (!s->device)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "device"), modem_device_missing);
	if (*s->device != '/' && strncmp(s->device, "imei:", 5) != 0 &&
	    strncmp(s->device, "iccid:", 6) != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "device"), modem_device_form, QUOTE(s->device));
	if (!known)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "storage"), modem_storage_is, s->storage);
	if (!mode)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "network"), modem_network, s->network);
	if (s->balance_ussd && strspn(s->balance_ussd, "*#0123456789") != strlen(s->balance_ussd))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "balance_ussd"), modem_balance_ussd, s->balance_ussd);
	return check_pattern(s, err);
}

int
modem_settings_parse(struct modem_settings *out, json_t *config, struct err *err)
{
	const char *name;
	json_t *value;

	*out = (struct modem_settings){
		.ports = "/dev/serial/by-id/*", .validity_ms = HOURS(24), .result_ms = SECONDS(60),
		.poll_ms = SECONDS(30), .balance_ms = HOURS(24), .rest_ms = MINUTES(5),
		.rung_failures = 1, .temperature_max = 75,
	};
	json_object_foreach(config, name, value)
		if (set_option(out, name, value, err) < 0)
			return -1;
	return check(out, err);
}
