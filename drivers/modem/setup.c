/* setup.c -- from an open port to a modem that is ready: who it is, PIN, memories, news. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

#define ASK_MS SECONDS(3)
#define FIRST_MS 1500			/* of the first that needs no SIM: what hangs shows here */
#define SIM_MS SECONDS(10)
#define SYNC_TRIES 5
#define SIM_BUSY_TRIES 20
#define BOOT_TRIES 5

/* For a next start that cannot ask: the port and the model of a modem that hangs. */
static void
keep_place(struct driver *d)
{
	struct kept *k = &d->kept;
	char model[sizeof(k->model)];

	snprintf(model, sizeof(model), "%s %s %s", d->id.maker, d->id.model, d->id.firmware);
	if (strcmp(k->port, d->id.device) == 0 && strcmp(k->model, model) == 0)
		return;
	snprintf(k->port, sizeof(k->port), "%s", d->id.device);
	snprintf(k->model, sizeof(k->model), "%s", model);
	d->must_keep = true;
}

static void
ended(void *ctx, const char *failed)
{
	struct driver *d = ctx;

	if (d->setup.has_booted && ++d->setup.boot_tries < BOOT_TRIES) {
		d->must_setup = true;
		driver_done(d);
		return;
	}
	if (d->setup.has_booted)
		failed = WORD(modem_boots);
	d->setup.boot_tries = 0;
	if (failed && d->script.was_late && d->setup.knows_at && recover_hang(d, failed))
		return;
	if (failed) {
		trouble_met(d, failed);
		return;
	}
	d->is_set_up = true;
	wire_no_echo(d->wire);
	keep_place(d);
	d->store.list_at = 0;
	driver_end(d);
	health_start(d);
}

/* A late answer to a question before ours would make every answer one question late; so what is
 * asked here has an answer of its own, and the wire is silent for a while when it does not come. */
static void
on_sync(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	if (r->end != AT_OK || at_line(r, "+CSQ:"))
		return;
	if (++d->setup.sync_tries > SYNC_TRIES) {
		script_fail(s, "%s", WORD(modem_confused));
		return;
	}
	script_wait(s, 400);
	script_ask(s, ASK_MS, on_sync, "AT+CSQ");
}

static void
ask_all(struct script *s, const struct quirk_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		script_ask(s, ASK_MS, NULL, "%s", lines->line[i]);
}

static void
on_firmware(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	char who[192];

	reading_firmware(ctx, s, r);
	snprintf(who, sizeof(who), "%s %s %s", d->id.maker, d->id.model, d->id.firmware);
	quirks_pick(d->quirks, who, &d->quirk);
	ask_all(s, &d->quirk.quiet);
	ask_all(s, &d->quirk.init);
}

static void
on_imei(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	reading_imei(ctx, s, r);
	if (strncmp(d->conf.device, "imei:", 5) == 0 && strcmp(d->conf.device + 5, d->id.imei) != 0)
		script_fail(s, "%s", SAID(modem_other_imei, d->id.device, d->id.imei));
}

/* Some SIMs lose it in a reset: then the last one that this SIM has told counts. */
static void
keep_smsc(struct driver *d)
{
	struct kept *k = &d->kept;

	if (!d->smsc[0] && k->smsc[0] && d->id.iccid[0] && strcmp(k->smsc_iccid, d->id.iccid) == 0) {
		kit_log("the SIM has lost its service centre, the last one is used");
		snprintf(d->smsc, sizeof(d->smsc), "%s", k->smsc);
	}
	if (!d->smsc[0] || !d->id.iccid[0] || (strcmp(k->smsc, d->smsc) == 0 &&
					      strcmp(k->smsc_iccid, d->id.iccid) == 0))
		return;
	snprintf(k->smsc, sizeof(k->smsc), "%s", d->smsc);
	snprintf(k->smsc_iccid, sizeof(k->smsc_iccid), "%s", d->id.iccid);
	d->must_keep = true;
}

/* Read once at set-up; 3GPP TS 27.005 3.3.1.  Never fail on it: some hide it, and a PDU without a
 * service centre uses the SIM's. */
static void
on_smsc(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *number = at_line(r, "+CSCA:");

	d->smsc[0] = 0;
	if (number && *number == '"')
		snprintf(d->smsc, sizeof(d->smsc), "%.*s", (int)strcspn(number + 1, "\""),
			 number + 1);
	keep_smsc(d);
	if (d->conf.smsc)		/* wins over the SIM's */
		snprintf(d->smsc, sizeof(d->smsc), "%s", d->conf.smsc);
	if (!d->smsc[0])
		kit_log("the SIM names no service centre");
}

/* Is `value` in the n-th list of "(0-2),(0,1,3),2"?  3GPP TS 27.007 5.4. */
static bool
offers(const char *lists, unsigned n, int value)
{
	for (; *lists && n; lists++) {
		if (*lists == '(')
			lists += strcspn(lists, ")");
		n -= *lists == ',';
	}
	for (const char *end = lists + strcspn(lists, *lists == '(' ? ")" : ","); lists < end;
	     lists++) {
		char *after;
		long low, high;

		if (!isdigit((unsigned char)*lists))
			continue;
		low = high = strtol(lists, &after, 10);
		if (*after == '-')
			high = strtol(after + 1, &after, 10);
		if (value >= low && value <= high)
			return true;
		lists = after - 1;
	}
	return false;
}

/* The first that is offered of the values wished for; the last one if none is. */
static int
choose(const char *lists, unsigned n, const int *wishes, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (offers(lists, n, wishes[i]))
			return wishes[i];
	return wishes[count - 1];
}

/* Texts: kept in memory and announced, for a text that comes straight is lost with us.  Receipts:
 * straight, for their memory runs full unseen.  3GPP TS 27.005 3.4.1. */
static void
on_news_offer(void *ctx, struct script *s, const struct at_reply *r)
{
	static const int modes[] = { 2, 1 }, texts[] = { 1, 2, 0 }, straight[] = { 1, 2, 0 },
		stored[] = { 2, 1, 0 }, flush[] = { 0, 1 };
	struct driver *d = ctx;
	const char *offer = at_line(r, "+CNMI:");
	const int *wish = d->quirk.receipts == RECEIPTS_STORED ? stored : straight;
	int ds;

	if (!offer)
		offer = "(2),(1),(0),(1),(0)";
	ds = d->quirk.receipts == RECEIPTS_NONE ? 0 : choose(offer, 3, wish, 3);
	d->receipts = ds != 0;
	script_ask(s, ASK_MS, NULL, "AT+CNMI=%d,%d,0,%d,%d", choose(offer, 0, modes, 2),
		   choose(offer, 1, texts, 3), ds, choose(offer, 4, flush, 2));
}

static void
on_voice_offer(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	d->voice.is_offered = d->conf.voice && r->end == AT_OK;
	if (d->conf.voice && !d->voice.is_offered)
		kit_log("no calls: the modem does not tell their state (AT+CLCC)");
	if (d->voice.is_offered && d->quirk.keys_on)
		script_ask(s, ASK_MS, NULL, "%s", d->quirk.keys_on);
}

static void
on_memories(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *name = d->conf.storage ? d->conf.storage
		: d->quirk.storage ? d->quirk.storage : "SM";

	store_begin(d, r);
	script_ask(s, SIM_MS, NULL, "AT+CPMS=\"%s\",\"%s\",\"%s\"", name, name, name);
	if (d->conf.network)
		ask_all(s, *d->conf.network == 'l' ? &d->quirk.mode_lte
			: *d->conf.network == 'g' ? &d->quirk.mode_gsm : &d->quirk.mode_auto);
}

static void on_pin_state(void *, struct script *, const struct at_reply *);

/* 3GPP TS 27.007 9.2: not allowed now, no SIM, SIM failure, SIM busy.  No try was counted. */
static bool
is_pin_untried(const struct at_reply *r)
{
	return r->end == AT_CME && (r->code == 3 || r->code == 10 || r->code == 13 || r->code == 14);
}

static void
on_pin_entered(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	if (r->end != AT_OK && !is_pin_untried(r))
		trouble_fatal(d, WORD(modem_pin_refused),
			      false);
	if (r->end != AT_OK) {
		d->setup.is_pin_entered = false;
		d->kept.bad_pin = 0;
		driver_keep(d);
	}
	script_wait(s, 300);
	script_ask(s, SIM_MS, on_pin_state, "AT+CPIN?");
}

/* Never twice with the same wrong PIN: the third try locks the SIM.  It is kept as wrong before
 * it is tried, for the answer, or this process, may be lost. */
static void
enter_pin(struct driver *d, struct script *s)
{
	uint64_t hash;

	if (!d->conf.pin)
		trouble_fatal(d, WORD(modem_pin_wanted), false);
	hash = keep_pin(d->conf.pin, d->id.iccid);
	if (d->kept.bad_pin == hash)
		trouble_fatal(d, WORD(modem_pin_before), false);
	d->kept.bad_pin = hash;
	driver_keep(d);
	d->setup.is_pin_entered = true;
	script_ask(s, SIM_MS, on_pin_entered, "AT+CPIN=\"%s\"", d->conf.pin);
}

/* It is ready: the PIN was the right one, even if its answer was lost. */
static void
forgive_pin(struct driver *d)
{
	const char *pin = d->conf.pin;

	if (!pin || (d->kept.bad_pin != keep_pin(pin, d->id.iccid) &&
		     d->kept.bad_pin != keep_pin(pin, "")))
		return;
	d->kept.bad_pin = 0;
	driver_keep(d);
}

static void
on_pin_retries(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	int left = quirk_number(d->quirk.pin_retries_pattern, r->count ? r->lines[0] : "");

	if (r->end == AT_OK && (left == 0 || left == 1))
		trouble_fatal(d, WORD(modem_pin_last), false);
	enter_pin(d, s);
}

/* CME 14 says so; and with its PIN just taken a SIM may need a moment. */
static bool
is_busy(const struct driver *d, const struct at_reply *r, const char *state)
{
	return (r->end == AT_CME && r->code == 14) ||
	       (d->setup.is_pin_entered && state && strcmp(state, "SIM PIN") == 0);
}

/* 3GPP TS 27.007 8.3. */
static void
on_pin_state(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *state = at_line(r, "+CPIN:");

	d->health.sim_ok = state && strncmp(state, "READY", 5) == 0;
	if (d->health.sim_ok)
		forgive_pin(d);
	if (d->health.sim_ok || r->end == AT_ERROR)
		return;
	if (is_busy(d, r, state) && d->setup.sim_tries++ < SIM_BUSY_TRIES) {
		script_wait(s, 500);
		script_ask(s, SIM_MS, on_pin_state, "AT+CPIN?");
	} else if (!state || strncmp(state, "NOT ", 4) == 0) {
		script_fail(s, "%s", SAID(modem_sim_failing, NUM(r->code)));
	} else if (d->setup.is_pin_entered) {
		script_fail(s, "%s", WORD(modem_pin_not_ready));
	} else if (strcmp(state, "SIM PIN") != 0) {
		trouble_fatal(d, WORD(modem_sim_locked),
			      false);
	} else if (d->quirk.pin_retries) {
		script_ask(s, SIM_MS, on_pin_retries, "%s", d->quirk.pin_retries);
	} else {
		enter_pin(d, s);
	}
}

static void
on_iccid(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	reading_iccid(ctx, s, r);
	if (!d->id.iccid[0] && reading_iccid_command(d->setup.iccid_tries))
		script_ask(s, ASK_MS, on_iccid, "%s",
			   reading_iccid_command(d->setup.iccid_tries++));
	else if (d->id.iccid[0] && strncmp(d->conf.device, "iccid:", 6) == 0 &&
		 strcmp(d->conf.device + 6, d->id.iccid) != 0)
		script_fail(s, "%s", SAID(modem_other_sim, d->id.device, d->id.iccid));
}

/* Who it is, and what its model is known for. */
static void
ask_identity(struct driver *d, struct script *s)
{
	script_ask(s, ASK_MS, reading_maker, "AT+CGMI");
	script_ask(s, ASK_MS, reading_model, "AT+CGMM");
	script_ask(s, ASK_MS, on_firmware, "AT+CGMR");
	script_ask(s, ASK_MS, on_imei, "AT+CGSN");
	script_ask(s, SIM_MS, NULL, "AT+CFUN=1");
	script_ask(s, ASK_MS, on_iccid, "%s", d->quirk.iccid);
	script_ask(s, SIM_MS, on_pin_state, "AT+CPIN?");
}

/* 3GPP TS 27.005 3, 27.007 7: messages as PDUs, their memories, and what is told unasked. */
static void
ask_service(struct driver *d, struct script *s)
{
	script_ask(s, ASK_MS, NULL, "AT+CMGF=0");
	script_ask(s, ASK_MS, NULL, "AT+CSMS=0");	/* else each +CDS wants an AT+CNMA */
	script_ask(s, ASK_MS, NULL, "AT+CSCS=\"GSM\"");
	script_ask(s, SIM_MS, on_smsc, "AT+CSCA?");
	script_ask(s, SIM_MS, on_memories, "AT+CPMS=?");
	script_ask(s, ASK_MS, on_news_offer, "AT+CNMI=?");
	script_ask(s, ASK_MS, NULL, "AT+CMMS=2");	/* the link stays up between segments */
	script_ask(s, ASK_MS, NULL, "AT+CREG=1");
	script_ask(s, ASK_MS, NULL, "AT+CGREG=1");
	script_ask(s, ASK_MS, NULL, "AT+CEREG=1");
	script_ask(s, ASK_MS, NULL, "AT+CLIP=1");
	script_ask(s, ASK_MS, NULL, "AT+COLP=0");	/* else ATD blocks until somebody answers */
	script_ask(s, ASK_MS, NULL, "AT+COPS=3,0");
	if (d->conf.voice)		/* a call of before the trouble */
		script_ask(s, ASK_MS, NULL, "%s", d->quirk.hangup);
	script_ask(s, ASK_MS, on_voice_offer, "AT+CLCC");
}

static void
on_at(void *ctx, struct script *s, const struct at_reply *r)
{
	((struct driver *)ctx)->setup.knows_at = r->end == AT_OK;
}

static void
on_echo_off(void *ctx, struct script *s, const struct at_reply *r)
{
	wire_echo(((struct driver *)ctx)->wire);
}

void
setup_start(struct driver *d)
{
	struct script *s = &d->script;

	driver_begin(d, ACT_SETUP);
	d->must_setup = d->is_set_up = d->setup.has_booted = false;
	d->setup.is_pin_entered = d->setup.knows_at = false;
	d->setup.sync_tries = d->setup.sim_tries = d->setup.iccid_tries = 0;
	d->id.iccid[0] = 0;
	memset(d->health.net.stats, 0, sizeof(d->health.net.stats));
	ready_say(d);
	script_begin(s, d->wire, d, ended);
	s->id = &d->id;
	script_wait(s, d->kept.failures ? 300 : 20);
	script_ask(s, ASK_MS, on_at, "AT");
	script_ask(s, ASK_MS, on_echo_off, "ATE0");
	script_ask(s, FIRST_MS, NULL, "AT+CMEE=1");
	script_ask(s, ASK_MS, on_sync, "AT+CSQ");
	ask_identity(d, s);
	ask_service(d, s);
	script_run(s);
}
