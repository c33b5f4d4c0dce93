/* settings.c -- reads the options of a modem route; refuses what it does not know. */
#include "drivers/modem/settings.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum shape { SHAPE_TEXT, SHAPE_DIGITS, SHAPE_NUMBER, SHAPE_BOOL };

/* One row an option: its reader, its limits and its place.  For digits the limits are counts. */
static const struct {
	const char *name;
	enum shape shape;
	size_t offset;
	msec unit, min, max;
} options[] = {
	{ "device", SHAPE_TEXT, offsetof(struct modem_settings, device), 0, 1, 255 },
	{ "pin", SHAPE_DIGITS, offsetof(struct modem_settings, pin), 0, 4, 8 },
	{ "smsc", SHAPE_DIGITS, offsetof(struct modem_settings, smsc), 0, 3, 20 },
	{ "validity_minutes", SHAPE_NUMBER, offsetof(struct modem_settings, validity_ms),
	  MINUTES(1), 5, 60 * 24 * 7 * 63 },
	{ "result_seconds", SHAPE_NUMBER, offsetof(struct modem_settings, result_ms),
	  SECONDS(1), 2, 300 },
	{ "debug", SHAPE_BOOL, offsetof(struct modem_settings, debug), 0, 0, 0 },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static int
set_text(const char **place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);
	size_t len;

	if (!text)
		return err_field(err, name, "option `%s` must be a text in quotes", name);
	len = strlen(text);
	if (options[row].shape == SHAPE_DIGITS) {
		const char *digits = text + (*text == '+' && strcmp(name, "pin") != 0);

		len = strlen(digits);
		if (strspn(digits, "0123456789") != len)
			return err_field(err, name, "option `%s` must be digits", name);
	}
	if ((msec)len < options[row].min || (msec)len > options[row].max)
		return err_field(err, name, "option `%s` must have %lld to %lld characters", name,
				 (long long)options[row].min, (long long)options[row].max);
	*place = text;
	return 0;
}

/* Options of gong.conf arrive as texts, those of a JSON configuration as numbers. */
static int
set_number(msec *place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);
	char *end = NULL;
	msec number = text ? strtoll(text, &end, 10) : json_integer_value(value);

	if ((!json_is_integer(value) && !(text && isdigit((unsigned char)*text) && !*end)) ||
	    number < options[row].min || number > options[row].max)
		return err_field(err, name, "option `%s` must be a number from %lld to %lld", name,
				 (long long)options[row].min, (long long)options[row].max);
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
		return err_field(err, name, "option `%s` must be true or false", name);
	return 0;
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
	return err_field(err, name, "gong-modem knows no option `%s`; it knows device, pin, smsc, "
			 "validity_minutes, result_seconds, debug", name);
}

int
modem_settings_parse(struct modem_settings *out, json_t *config, struct err *err)
{
	const char *name;
	json_t *value;

	*out = (struct modem_settings){ .validity_ms = HOURS(24), .result_ms = SECONDS(60) };
	json_object_foreach(config, name, value)
		if (set_option(out, name, value, err) < 0)
			return -1;
	if (!out->device)
		return err_field(err, "device", "option `device` is missing; name the modem's tty, "
				 "best under /dev/serial/by-id/");
	return 0;
}
