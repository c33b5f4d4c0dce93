/* events.c -- a driver's lines as commands to the engine; what it cannot read it refuses. */
#include "daemon/routes/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "daemon/contract/said_json.h"
#include "files/page.h"

#define MACHINE_MAX 40		/* bytes of that word */
#define REPLY_WITHIN_MS SECONDS(30)
#define WINDOW_MOST 1000000		/* of a window, a batch, messages a second */
#define RATE_LEAST 0.001
#define PARTS_MOST 255			/* what a message can have (3GPP TS 23.040 9.2.3.24.1) */
#define INSTANT_MOST 7258118400000	/* the year 2200 */
#define PHONE_MOST 999999999999999	/* 15 digits: E.164 */

static const char *
string_of(json_t *ev, const char *name)
{
	return json_string_value(json_object_get(ev, name));
}

/* Held within 0…`most`: what a driver says is no reason to end it, and none to be led astray. */
static json_int_t
number_of(json_t *ev, const char *name, json_int_t otherwise, json_int_t most)
{
	json_t *value = json_object_get(ev, name);

	return json_is_integer(value) ? whole_clamp(json_integer_value(value), 0, most) : otherwise;
}

static bool
id_of(json_t *value, uint64_t *id)
{
	const char *text = json_string_value(value);

	return text && message_id_parse(id, text) == 0;
}

static uint64_t
phone_of(json_t *ev, const char *name)
{
	const char *text = string_of(ev, name);

	int64_t number = 0;

	if (text)
		whole_parse(&number, text + (*text == '+'), 0, PHONE_MOST);
	return (uint64_t)number;
}

static void
submit(struct driver *d, struct command *cmd)
{
	events_flush(d);
	flow_submit(d, cmd);
}

static void
submit_latest(struct driver *d, struct command *cmd)
{
	events_flush(d);
	flow_submit_latest(d, cmd);
}

/* What an account allows; a budget that nobody understands limits nothing. */
static void
read_limits(struct driver *d, json_t *ev, struct command *cmd)
{
	json_t *budgets = json_object_get(ev, "budgets"), *rate = json_object_get(ev, "rate"), *one;
	size_t i;

	/* Negative or none: unlimited.  Below a message in 1,000 s it would wait for ever. */
	if (json_number_value(rate) > 0)
		cmd->ready.rate = fmax(RATE_LEAST, fmin(json_number_value(rate), WINDOW_MOST));
	cmd->ready.budgets = xcalloc(json_array_size(budgets) + 1, sizeof(*cmd->ready.budgets));
	json_array_foreach(budgets, i, one) {
		const char *text = json_string_value(one);

		if (text && pace_budget_parse(&cmd->ready.budgets[cmd->ready.budget_count],
					      text) == 0)
			cmd->ready.budget_count++;
		else
			d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "driver budget unreadable "
					     "route=%s budget=\"%.40s\"", d->conf->name,
					     text ? text : "");
	}
}

static msec
reply_within(json_t *ev)
{
	json_int_t ms = number_of(ev, "reply_within_ms", REPLY_WITHIN_MS, REPLY_WITHIN_MS);

	return ms ? ms : REPLY_WITHIN_MS;
}

/* Without a page, what waits in a driver that dies would be in doubt; what has no slot would be, too. */
static void
read_page(struct driver *d, json_t *ev, struct command *cmd)
{
	d->marks = d->slots && json_is_true(json_object_get(ev, "page"));
	if (!d->marks)
		return;
	if (cmd->ready.window > PAGE_SLOTS - 1)
		cmd->ready.window = PAGE_SLOTS - 1;
	cmd->ready.prefetch = (unsigned)number_of(ev, "prefetch", 0, PAGE_SLOTS - 1 - cmd->ready.window);
}

static void
on_ready(struct driver *d, json_t *ev)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, d->id);
	json_t *channels = json_object_get(ev, "channels"), *word;
	bool first;
	size_t i;

	cmd->ready.window = (unsigned)number_of(ev, "window", 1, WINDOW_MOST);
	cmd->ready.batch = (unsigned)number_of(ev, "batch", 1, WINDOW_MOST);
	read_page(d, ev, cmd);
	cmd->ready.receipts = json_is_true(json_object_get(ev, "receipts"));
	cmd->ready.receipts_by_ref = json_is_true(json_object_get(ev, "receipts_by_ref"));
	cmd->ready.templates = json_is_true(json_object_get(ev, "templates"));
	cmd->ready.inbound = json_is_true(json_object_get(ev, "inbound"));
	cmd->ready.identity = xstrdup(string_of(ev, "identity"));
	read_limits(d, ev, cmd);
	json_array_foreach(channels, i, word) {
		int channel = json_is_string(word) ? channel_parse(json_string_value(word)) : -1;

		if (channel >= 0)
			cmd->ready.channels[channel] = true;
	}
	d->window = cmd->ready.window;
	json_decref(d->confined);
	d->confined = json_incref(json_object_get(ev, "confined"));
	d->reply_within_ms = reply_within(ev);
	first = child_state(d->child) == CHILD_STARTING;
	child_is_ready(d->child);
	options_are_good(d);
	if (first)
		submit(d, cmd);
	else
		submit_latest(d, cmd);
}

static struct done_item *
next_done(struct driver *d)
{
	if (!d->done) {
		d->done = command_new(CMD_DONE, d->id);
		d->done_cap = 0;
	}
	if (d->done->done.count == d->done_cap) {
		d->done_cap = d->done_cap ? d->done_cap * 2 : 64;
		d->done->done.items = xrealloc(d->done->done.items,
					       d->done_cap * sizeof(*d->done->done.items));
	}
	return &d->done->done.items[d->done->done.count];
}

/* Exactly one `done` an item: a second one, or one for an item this child never had, is
 * dropped here. */
static void
one_done(struct driver *d, json_t *ev, json_t *id_value, const char *ref)
{
	struct done_item *item;
	int outcome = outcome_parse(string_of(ev, "outcome") ? string_of(ev, "outcome") : "");
	int class = reject_parse(string_of(ev, "class") ? string_of(ev, "class") : "none");
	uint64_t id;

	if (!id_of(id_value, &id) || !table_get(&d->items, id)) {
		flow_noise(d);
		return;
	}
	items_drop(d, id);
	item = next_done(d);
	*item = (struct done_item){
		.id = id, .parts = (unsigned)number_of(ev, "parts", 0, PARTS_MOST), .ref = xstrdup(ref),
		.reason = value_by_driver(json_object_get(ev, "reason")),
		/* An outcome that we do not know is, of all things, unknown. */
		.outcome = outcome <= 0 ? OUTCOME_UNKNOWN : (enum outcome)outcome,
		.class = class < 0 ? REJECT_RETRY : (enum reject)class,
	};
	d->done->done.count++;
}

static void
on_done(struct driver *d, json_t *ev)
{
	json_t *ids = json_object_get(ev, "ids"), *refs = json_object_get(ev, "refs"), *id;
	size_t i;

	if (!ids)
		one_done(d, ev, json_object_get(ev, "id"), string_of(ev, "ref"));
	json_array_foreach(ids, i, id)
		one_done(d, ev, id, json_string_value(json_array_get(refs, i)));
}

static void
on_part(struct driver *d, json_t *ev)
{
	struct command *cmd;
	uint64_t id;

	if (!id_of(json_object_get(ev, "id"), &id) || !table_get(&d->items, id)) {
		flow_noise(d);
		return;
	}
	cmd = command_new(CMD_PART, d->id);
	cmd->part.id = id;
	cmd->part.part = (unsigned)number_of(ev, "part", 0, PARTS_MOST);
	cmd->part.of = (unsigned)number_of(ev, "of", 0, PARTS_MOST);
	cmd->part.reference = (unsigned)number_of(ev, "reference", 0, 65535);
	cmd->part.ref = xstrdup(string_of(ev, "ref"));
	submit(d, cmd);
}

static void
on_receipt(struct driver *d, json_t *ev)
{
	struct command *cmd = command_new(CMD_RECEIPT, d->id);
	const char *part_state = string_of(ev, "part_state");
	const char *state = part_state ? part_state : string_of(ev, "state");

	if (!id_of(json_object_get(ev, "id"), &cmd->receipt.id))
		cmd->receipt.id = 0;
	cmd->receipt.driver_id = xstrdup(string_of(ev, "took"));
	cmd->receipt.ref = xstrdup(string_of(ev, "ref"));
	cmd->receipt.to = phone_of(ev, "to");
	cmd->receipt.part = (unsigned)number_of(ev, "part", 0, PARTS_MOST);
	cmd->receipt.of = (unsigned)number_of(ev, "of", 0, PARTS_MOST);
	cmd->receipt.part_ref = xstrdup(string_of(ev, "part_ref"));
	cmd->receipt.delivered = state && strcmp(state, "delivered") == 0;
	cmd->receipt.final = state && strcmp(state, "buffered") != 0;
	cmd->receipt.reason = value_by_driver(json_object_get(ev, "reason"));
	cmd->receipt.at = number_of(ev, "at", 0, INSTANT_MOST);
	submit(d, cmd);
}

static void
on_call(struct driver *d, json_t *ev)
{
	const char *state = string_of(ev, "state"), *machine = string_of(ev, "machine");
	struct command *cmd;
	uint64_t id;

	if (!state || !id_of(json_object_get(ev, "id"), &id)) {
		flow_noise(d);
		return;
	}
	cmd = command_new(CMD_CALL, d->id);
	cmd->call.id = id;
	cmd->call.state = strcmp(state, "ended") == 0 ? CALL_ENDED
		: strcmp(state, "answered") == 0 ? CALL_ANSWERED : CALL_RINGING;
	cmd->call.outcome = xstrdup(string_of(ev, "outcome"));
	cmd->call.digits = xstrdup(string_of(ev, "digits"));
	cmd->call.driver_id = xstrdup(string_of(ev, "took"));
	if (machine && strlen(machine) <= MACHINE_MAX)
		cmd->call.machine = xstrdup(machine);
	cmd->call.ms = number_of(ev, "ms", 0, HOURS(24));
	submit(d, cmd);
}

static void
on_inbound(struct driver *d, json_t *ev)
{
	const char *id = string_of(ev, "id");
	struct command *cmd;

	if (!id || !string_of(ev, "from")) {
		flow_noise(d);
		return;
	}
	cmd = command_new(CMD_INBOUND, d->id);
	cmd->inbound.driver_id = xstrdup(id);
	cmd->inbound.from = phone_of(ev, "from");
	if (!json_is_true(json_object_get(ev, "missed_call")))
		cmd->inbound.text = xstrdup(string_of(ev, "text") ? string_of(ev, "text") : "");
	cmd->inbound.at = number_of(ev, "at", 0, INSTANT_MOST);
	submit(d, cmd);
}

/* The answer to a provider goes out only after the receipts before it are committed. */
static void
on_reply(struct driver *d, json_t *ev)
{
	const char *id = string_of(ev, "id"), *body = string_of(ev, "body");
	const char *type = string_of(json_object_get(ev, "headers"), "Content-Type");
	uint64_t barrier = ++d->routes->barriers;
	struct command *cmd;

	if (!id || !callbacks_reply(d, strtoull(id, NULL, 10), (int)number_of(ev, "status", 200, 999),
				    type ? type : "text/plain", body ? body : "", barrier)) {
		flow_noise(d);
		return;
	}
	cmd = command_new(CMD_BARRIER, d->id);
	cmd->barrier = barrier;
	submit(d, cmd);
}

static void
on_health(struct driver *d, json_t *ev)
{
	struct command *cmd = command_new(CMD_HEALTH, d->id);

	if (d->confined)		/* whoever looks at the one wants to know the other */
		json_object_set(ev, "confined", d->confined);
	cmd->health.json = json_dumps(ev, JSON_COMPACT);
	cmd->health.ok = !json_is_false(json_object_get(ev, "ok"));
	submit_latest(d, cmd);
}

static void
on_answer(struct driver *d, json_t *ev)
{
	const char *id = string_of(ev, "id");
	struct command *cmd;

	if (!id || *id != 'q') {
		flow_noise(d);
		return;
	}
	cmd = command_new(CMD_ANSWERED, d->id);
	cmd->answered.id = strtoull(id + 1, NULL, 10);
	json_object_del(ev, "ev");
	json_object_del(ev, "id");
	cmd->answered.json = json_dumps(ev, JSON_COMPACT);
	submit(d, cmd);
}

static void
on_keep(struct driver *d, json_t *ev)
{
	const char *state = string_of(ev, "state");
	struct command *cmd;

	if (!state || strlen(state) > 4096) {
		flow_noise(d);
		return;
	}
	free(d->keep);
	d->keep = xstrdup(state);
	cmd = command_new(CMD_KEEP, d->id);
	cmd->keep = xstrdup(state);
	submit_latest(d, cmd);
}

static void
on_pong(struct driver *d, json_t *ev)
{
	if (!child_ponged(d->child, (unsigned long)number_of(ev, "n", -1, INT64_MAX)))
		flow_noise(d);
}

static void
on_fatal(struct driver *d, json_t *ev)
{
	char *reason = value_by_driver(json_object_get(ev, "reason"));

	/* It gets no more work; what it was sent before this it can still give back. */
	child_leaves(d->child, reason ? reason : WORD(driver_fatal),
		     !json_is_true(json_object_get(ev, "retry")));
	free(reason);
}

static void
on_reset(struct driver *d, json_t *ev)
{
	reset_asked(d, string_of(ev, "device"));
}

static const struct {
	const char *name;
	void (*run)(struct driver *, json_t *);
} events[] = {
	{ "done", on_done }, { "receipt", on_receipt }, { "part", on_part }, { "call", on_call },
	{ "inbound", on_inbound }, { "pong", on_pong }, { "ready", on_ready },
	{ "reply", on_reply }, { "health", on_health }, { "answer", on_answer },
	{ "keep", on_keep }, { "fatal", on_fatal }, { "reset", on_reset },
};

void
events_flush(struct driver *d)
{
	struct command *cmd = d->done;

	d->done = NULL;
	if (cmd)
		flow_submit(d, cmd);
}

void
events_read(void *driver, char *line, size_t len)
{
	struct driver *d = driver;
	json_error_t where;
	json_t *ev = json_loadb(line, len, 0, &where);
	const char *name = string_of(ev, "ev");
	size_t i, count = sizeof(events) / sizeof(events[0]);

	for (i = 0; name && i < count; i++)
		if (strcmp(events[i].name, name) == 0)
			break;
	if (name && i < count)
		events[i].run(d, ev);
	else if (flow_noise(d))
		d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING,
				     "driver line unreadable route=%s reason=\"%s\"",
				     d->conf->name, name ? "no such event" : ev ? "no \"ev\""
				     : where.text);
	if (!name)			/* an event of a later version is no garbage */
		child_babbled(d->child);
	json_decref(ev);
}
