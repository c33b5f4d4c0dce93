/* reading.c -- reads what a modem answers about itself and its network; it asks by script only. */
#include "drivers/modem/reading.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment.h"

#define IMEI_DIGITS 14
#define ICCID_DIGITS 18

static const char *const domains[DOMAIN_COUNT] = { "+CREG:", "+CGREG:", "+CEREG:" };

/* The first line of a reply that says something, without "+NAME:", blanks and quotes. */
static void
read_text(char *out, size_t size, const struct at_reply *r)
{
	const char *text = r->count ? r->lines[0] : "";
	size_t len;

	if (*text == '+' && strchr(text, ':'))
		text = strchr(text, ':') + 1;
	text += strspn(text, " \"");
	len = strlen(text);
	while (len && strchr(" \"", text[len - 1]))
		len--;
	snprintf(out, size, "%.*s", (int)len, text);
	if (utf8_check(out, strlen(out), NULL) < 0)
		*out = 0;
}

/* The first run of digits (an ICCID may end in a hexadecimal one) that is at least `min` long. */
static void
read_digits(char *out, size_t size, const struct at_reply *r, size_t min)
{
	*out = 0;
	for (size_t i = 0; i < r->count; i++)
		for (const char *p = r->lines[i]; *p; ) {
			size_t len = strspn(p, "0123456789");

			if (len >= min && len < size) {
				len += len + 1 < size && isxdigit((unsigned char)p[len]);
				snprintf(out, size, "%.*s", (int)len, p);
				return;
			}
			p += len ? len : 1;
		}
}

void
reading_maker(void *ctx, struct script *s, const struct at_reply *r)
{
	read_text(s->id->maker, sizeof(s->id->maker), r);
}

void
reading_model(void *ctx, struct script *s, const struct at_reply *r)
{
	read_text(s->id->model, sizeof(s->id->model), r);
}

void
reading_firmware(void *ctx, struct script *s, const struct at_reply *r)
{
	read_text(s->id->firmware, sizeof(s->id->firmware), r);
}

void
reading_imei(void *ctx, struct script *s, const struct at_reply *r)
{
	read_digits(s->id->imei, sizeof(s->id->imei), r, IMEI_DIGITS);
}

void
reading_iccid(void *ctx, struct script *s, const struct at_reply *r)
{
	read_digits(s->id->iccid, sizeof(s->id->iccid), r, ICCID_DIGITS);
}

const char *
reading_iccid_command(unsigned n)
{
	static const char *const commands[] = { "AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID" };

	return n < sizeof(commands) / sizeof(commands[0]) ? commands[n] : NULL;
}

void
reading_operator(void *ctx, struct script *s, const struct at_reply *r)
{
	const char *told = at_line(r, "+COPS:"), *name = told ? strchr(told, '"') : NULL;
	char *out = s->net->operator;

	*out = 0;
	if (name)
		snprintf(out, sizeof(s->net->operator), "%.*s", (int)strcspn(name + 1, "\""),
			 name + 1);
	if (utf8_check(out, strlen(out), NULL) < 0)
		*out = 0;
}

/* 3GPP TS 27.007 8.5: 0..31 in steps of 2 dB from -113 dBm; 99 = not known. */
void
reading_signal(void *ctx, struct script *s, const struct at_reply *r)
{
	const char *told = at_line(r, "+CSQ:");
	long rssi = told ? strtol(told, NULL, 10) : 99;

	s->net->has_signal = rssi >= 0 && rssi <= 31;
	if (s->net->has_signal)
		s->net->signal_dbm = (int)(2 * rssi - 113);
}

static void
on_registration(void *ctx, struct script *s, const struct at_reply *r)
{
	for (size_t i = 0; i < DOMAIN_COUNT; i++) {
		const char *told = at_line(r, domains[i]), *stat = told ? strchr(told, ',') : NULL;

		if (stat)
			s->net->stats[i] = (int)strtol(stat + 1, NULL, 10);
	}
}

void
reading_ask_registration(struct script *s, msec limit_ms)
{
	static const char *const commands[DOMAIN_COUNT] = { "AT+CREG?", "AT+CGREG?", "AT+CEREG?" };

	for (size_t i = 0; i < DOMAIN_COUNT; i++)
		script_ask(s, limit_ms, on_registration, "%s", commands[i]);
}
