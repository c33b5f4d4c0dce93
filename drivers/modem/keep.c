/* keep.c -- reads and writes the kept text; a name it does not know is skipped. */
#include "drivers/modem/keep.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_int_t
number(json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

/* [[code, of, "number's hash", at], …] */
static void
parse_blames(struct blames *b, json_t *all)
{
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one) {
		const char *number = json_string_value(json_array_get(one, 2));
		json_int_t of = json_integer_value(json_array_get(one, 1));

		if (b->count == BLAMES || !number || of < 0 || of > OF_NOBODY)
			continue;
		b->all[b->count++] = (struct blame){
			.code = (int)json_integer_value(json_array_get(one, 0)),
			.of = (enum speaks_of)of, .number = strtoull(number, NULL, 16),
			.at = json_integer_value(json_array_get(one, 3)),
		};
	}
}

static json_t *
format_blames(const struct blames *b)
{
	json_t *all = json_array();
	char number[24];

	for (size_t i = 0; i < b->count; i++) {
		snprintf(number, sizeof(number), "%" PRIx64, b->all[i].number);
		json_array_append_new(all, json_pack("[i,i,s,I]", b->all[i].code, (int)b->all[i].of,
						     number, (json_int_t)b->all[i].at));
	}
	return all;
}

void
keep_parse(struct kept *k, const char *text)
{
	json_t *o = text ? json_loads(text, 0, NULL) : NULL, *pin = json_object_get(o, "bad_pin");
	json_t *balance = json_object_get(o, "balance"), *port = json_object_get(o, "port");
	json_t *model = json_object_get(o, "model"), *smsc = json_object_get(o, "smsc");
	json_t *iccid = json_object_get(o, "smsc_iccid");

	*k = (struct kept){
		.failures = (unsigned)number(o, "failures"), .acted = (unsigned)number(o, "acted"),
		.is_down = json_is_true(json_object_get(o, "down")),
		.bad_pin = json_is_string(pin) ? strtoull(json_string_value(pin), NULL, 16) : 0,
		.day = (int)number(o, "day"), .month = (int)number(o, "month"),
		.sms_today = (unsigned)number(o, "sms_today"),
		.sms_month = (unsigned)number(o, "sms_month"),
		.has_balance = json_is_number(balance), .balance = json_number_value(balance),
		.balance_at = number(o, "balance_at"),
	};
	if (json_is_string(port))
		snprintf(k->port, sizeof(k->port), "%s", json_string_value(port));
	if (json_is_string(model))
		snprintf(k->model, sizeof(k->model), "%s", json_string_value(model));
	if (json_is_string(smsc) && json_is_string(iccid)) {
		snprintf(k->smsc, sizeof(k->smsc), "%s", json_string_value(smsc));
		snprintf(k->smsc_iccid, sizeof(k->smsc_iccid), "%s", json_string_value(iccid));
	}
	parse_blames(&k->blames, json_object_get(o, "blames"));
	k->blames.is_routes = json_is_true(json_object_get(o, "blamed"));
	json_decref(o);
}

char *
keep_format(const struct kept *k)
{
	char pin[24];
	json_t *o;
	char *text;

	snprintf(pin, sizeof(pin), "%" PRIx64, k->bad_pin);
	o = json_pack("{s:s,s:s,s:i,s:i,s:b,s:s,s:i,s:i,s:i,s:i}", "port", k->port, "model",
		      k->model, "failures", (int)k->failures, "acted", (int)k->acted,
		      "down", k->is_down, "bad_pin", pin, "day", k->day, "month", k->month,
		      "sms_today", (int)k->sms_today, "sms_month", (int)k->sms_month);
	if (k->blames.count || k->blames.is_routes) {
		json_object_set_new(o, "blames", format_blames(&k->blames));
		json_object_set_new(o, "blamed", json_boolean(k->blames.is_routes));
	}
	if (k->smsc[0]) {
		json_object_set_new(o, "smsc", json_string(k->smsc));
		json_object_set_new(o, "smsc_iccid", json_string(k->smsc_iccid));
	}
	if (k->has_balance) {
		json_object_set_new(o, "balance", json_real(k->balance));
		json_object_set_new(o, "balance_at", json_integer(k->balance_at));
	}
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

void
keep_new_day(struct kept *k, msec now)
{
	time_t at = (time_t)(now / 1000);
	struct tm tm;
	int month, day;

	localtime_r(&at, &tm);
	month = (tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
	day = month * 100 + tm.tm_mday;
	if (day != k->day)
		k->sms_today = 0;
	if (month != k->month)
		k->sms_month = 0;
	k->day = day;
	k->month = month;
}

void
keep_count(struct kept *k, msec now)
{
	keep_new_day(k, now);
	k->sms_today++;
	k->sms_month++;
}

/* FNV-1a: only to know the same PIN again, in a place where the PIN itself must not lie. */
uint64_t
keep_pin(const char *pin, const char *iccid)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *pin; pin++)
		hash = (hash ^ (unsigned char)*pin) * 0x100000001b3u;
	for (; *iccid; iccid++)
		hash = (hash ^ (unsigned char)*iccid) * 0x100000001b3u;
	return hash | 1;
}
