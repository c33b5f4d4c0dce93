/* ask.c -- what the office asks of this very modem: an AT command, a USSD code, a test message;
 * and what the driver asks by itself, the balance. */
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "core/number.h"
#include "drivers/modem/driver.h"
#include "drivers/modem/ussd.h"

#define AT_MS SECONDS(30)
#define USSD_MS SECONDS(30)
#define BALANCE_MOST 1e12		/* of any currency */

static void
send_test(struct driver *d, struct question *q)
{
	struct outgoing *o = xcalloc(1, sizeof(*o));
	struct err err = { .text = "" };

	*o = (struct outgoing){ .to = xstrdup(q->to), .text = xstrdup(q->text), .receipt = true,
				.not_after = NEVER, .reference = 255 };
	o->id = xmalloc(strlen(q->id) + 2);
	sprintf(o->id, "%c%s", ASK_MARK, q->id);
	if (segment_plan(&o->plan, o->text, &err) < 0) {
		question_refuse(d, q, err.text);
		outgoing_free(o);
		return;
	}
	o->wanted = xmalloc(o->plan.parts);
	memset(o->wanted, 1, o->plan.parts);
	queue_add(d, o, false);
}

/* A command is one line of printable ASCII: a second one in it would be no question of ours, and
 * its answer would be taken for that of the next. */
static const char *
fault_of_command(const char *text)
{
	static const char *const prompts[] = { "+CMGS", "+CMGW", "+CMGC" };

	if (strncasecmp(text, "AT", 2) != 0)
		return "an AT command begins with AT";
	if (strlen(text) > AT_COMMAND)
		return "an AT command has at most 1000 characters";
	if (text[2] && strchr("DdAaOo", text[2]))
		return "this command opens a call that nobody would hang up; use a voice route";
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return "an AT command is one line of printable ASCII";
	for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
		if (strcasestr(text, prompts[i]))
			return "this command waits for a text; use send-test";
	return NULL;
}

static const char *
fault_of(const struct question *q)
{
	if (strcmp(q->what, "at") == 0)
		return fault_of_command(q->text);
	if (strcmp(q->what, "ussd") == 0)
		return ussd_is_code(q->text) ? NULL : "`text` must be a USSD code: at most 32 "
			"characters of 0 to 9, *, # and +, like *100#";
	if (strcmp(q->what, "sms") == 0)
		return sms_is_number(q->to) ? NULL : "`to` is no telephone number; write + and at most "
			"20 digits";
	return "gong-modem answers at, ussd and sms";
}

void
ask_take(struct driver *d, const struct kit_question *asked)
{
	struct question *q;
	const char *fault;

	if (d->questions.count == ASKS_MAX || !d->is_set_up || d->is_closing) {
		kit_refuse(d->kit, asked->id, d->is_set_up ? "too many questions at once; ask again"
			   : "the modem is not ready; see its health");
		return;
	}
	q = question_add(d, asked->what);
	q->id = xstrdup(asked->id);
	q->text = xstrdup(asked->text ? asked->text : "");
	q->to = xstrdup(asked->to ? asked->to : "");
	q->receipt_wait_ms = asked->receipt_wait_ms;
	fault = fault_of(q);
	if (fault)
		question_refuse(d, q, fault);
	else if (strcmp(q->what, "sms") == 0)
		send_test(d, q);
	driver_soon(d);
}

static void
ask_balance(struct driver *d)
{
	if (!d->conf.balance_ussd || driver_now() < d->questions.balance_at)
		return;
	d->questions.balance_at = driver_now() + d->conf.balance_ms;
	if (d->questions.count < ASKS_MAX)
		question_add(d, "ussd")->text = xstrdup(d->conf.balance_ussd);
}

/* What a modem says is of any alphabet; JSON is of one. */
static void
append_line(json_t *lines, const char *line)
{
	char *text = ussd_readable(line, strlen(line));

	json_array_append_new(lines, json_string(text));
	free(text);
}

/* Whoever set something may have set what messages depend on: echo, text mode, where news go. */
static bool
has_set_something(const char *text)
{
	const char *equals = strchr(text, '=');

	return (equals && equals[1] != '?') || (text[2] && strchr("EQSVZ&eqsvz", text[2]));
}

static void
on_at(void *ctx, const struct at_reply *r)
{
	static const char *const ends[] = {
		[AT_OK] = "OK", [AT_ERROR] = "ERROR", [AT_CALL_END] = "NO CARRIER",
	};
	struct driver *d = ctx;
	struct question *q = question_of(d, "asked");
	json_t *lines = json_array();
	char end[32];

	for (size_t i = 0; i < r->count; i++)
		append_line(lines, r->lines[i]);
	if (r->end == AT_LATE) {
		json_decref(lines);
		question_refuse(d, q, "the modem gave no answer, or started anew");
		driver_set_up_again(d);	/* no failure of the modem: people ask slow things */
		driver_done(d);
		return;
	}
	if (r->end == AT_CMS || r->end == AT_CME)
		snprintf(end, sizeof(end), "+%s ERROR: %d", r->end == AT_CMS ? "CMS" : "CME",
			 r->code);
	else
		snprintf(end, sizeof(end), "%s", ends[r->end]);
	json_array_append_new(lines, json_string(end));
	if (q->id && has_set_something(q->text))
		driver_set_up_again(d);
	question_answer(d, q, json_pack("{s:o}", "lines", lines));
	driver_done(d);
}

static void
on_ussd_sent(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	if (d->questions.ussd && r->end != AT_OK)
		question_refuse(d, d->questions.ussd, "the modem or the network refused the USSD code");
}

static void
on_ussd_ended(void *ctx, const char *failed)
{
	struct driver *d = ctx;

	if (!failed) {
		driver_done(d);
		return;
	}
	if (d->questions.ussd)
		question_refuse(d, d->questions.ussd, failed);
	trouble_met(d, failed);
}

/* Hexadecimal UTF-16 is read as such only while the modem is told so; everything else it says is
 * wanted in the other alphabet. */
static void
send_ussd(struct driver *d, const char *text)
{
	bool is_ucs2 = d->quirk.ussd_form == USSD_UCS2;
	struct script *s = &d->script;
	char code[USSD_ENCODED];

	ussd_encode(code, sizeof(code), text, d->quirk.ussd_form);
	script_begin(s, d->wire, d, on_ussd_ended);
	if (is_ucs2)
		script_ask(s, AT_MS, NULL, "AT+CSCS=\"UCS2\"");
	script_ask(s, USSD_MS, on_ussd_sent, "AT+CUSD=1,\"%s\",15", code);
	if (is_ucs2)
		script_ask(s, AT_MS, NULL, "AT+CSCS=\"GSM\"");
	script_run(s);
}

static struct question *
next_ussd(struct driver *d)
{
	return d->questions.ussd ? NULL : question_of(d, "ussd");
}

msec
ask_at(struct driver *d)
{
	if (question_of(d, "at") || next_ussd(d))
		return 0;
	return d->conf.balance_ussd ? d->questions.balance_at : NEVER;
}

bool
ask_next(struct driver *d)
{
	struct question *at, *ussd;

	ask_balance(d);
	at = question_of(d, "at");
	ussd = next_ussd(d);
	if (!at && !ussd)
		return false;
	driver_begin(d, ACT_ASK);
	if (at) {
		question_turn(at, "asked");
		wire_ask(d->wire, at->text, AT_MS, on_at, d);
	} else {
		question_turn(ussd, "+CUSD");
		d->questions.ussd = ussd;
		ussd->until = driver_now() + USSD_MS;
		send_ussd(d, ussd->text);
	}
	return true;
}

/* The number in the text that the pattern's group catches, comma or point before its cents. */
static void
read_balance(struct driver *d, const char *text)
{
	regmatch_t match[2];
	regex_t pattern;
	char number[32];
	bool found;

	if (regcomp(&pattern, d->conf.balance_pattern ? d->conf.balance_pattern
		    : "(-?[0-9]+([.,][0-9]+)?)", REG_EXTENDED) != 0)
		return;			/* refused when the settings were read */
	found = regexec(&pattern, text, 2, match, 0) == 0 && match[1].rm_so >= 0;
	regfree(&pattern);
	if (!found) {
		kit_log("no balance reason=\"balance_pattern does not fit\" answer=\"%.160s\"",
			text);
		return;
	}
	snprintf(number, sizeof(number), "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
		 text + match[1].rm_so);
	if (strchr(number, ','))
		*strchr(number, ',') = '.';
	for (size_t n = strlen(number); n && number[n - 1] == '.'; n--)
		number[n - 1] = '\0';	/* of the sentence that it ends */
	if (decimal_parse(&d->kept.balance, number + strspn(number, " "), -BALANCE_MOST, BALANCE_MOST) < 0) {
		kit_log("no balance reason=\"balance_pattern does not fit\" answer=\"%.160s\"",
			text);
		return;
	}
	d->kept.has_balance = true;
	d->kept.balance_at = kit_now();
	driver_keep(d);
	report_say(d);
}

static json_t *
lines_of(const char *text)
{
	json_t *lines = json_array();

	for (const char *p = text; ; ) {
		size_t len = strcspn(p, "\r\n");

		json_array_append_new(lines, json_stringn(p, len));
		p += len;
		if (!*p)
			return lines;
		p += strspn(p, "\r\n");
	}
}

/* "+CUSD: 1" is a menu that waits for a choice: the next code would be taken for one. */
static void
end_dialogue(struct driver *d, const char *line)
{
	int state = 0;

	if (sscanf(line, "+CUSD: %d", &state) == 1 && state == 1 && d->questions.count < ASKS_MAX)
		question_add(d, "at")->text = xstrdup("AT+CUSD=2");
}

/* +CUSD: m,"text",dcs; 3GPP TS 27.007 7.15.  Somebody who has topped up asks for the balance
 * himself, and need not wait until the driver does. */
void
ask_ussd_news(struct driver *d, const char *line)
{
	const char *code = d->conf.balance_ussd;
	struct question *q = d->questions.ussd;
	bool is_balance;
	char *text;

	if (!q)
		return;
	is_balance = code && strcmp(q->text, code) == 0;
	text = ussd_text(line, d->quirk.ussd_form);
	end_dialogue(d, line);
	if (!text) {
		question_refuse(d, q, "the network does not support this USSD code, or ended the dialogue");
	} else if (q->id) {
		question_answer(d, q, json_pack("{s:o}", "lines", lines_of(text)));
	} else {
		question_forget(d, q);
	}
	if (text && is_balance)
		read_balance(d, text);
	free(text);
	driver_soon(d);
}
