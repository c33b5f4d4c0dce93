/* events.c -- a driver's lines as commands to the engine; what it cannot read it refuses. */
#include "daemon/routes/internal.h"

#include <stdlib.h>
#include <string.h>

#define BAD_LINES_MAX 3
#define MACHINE_MAX 40		/* bytes of that word */
#define REPLY_WITHIN_MS SECONDS(30)
#define FATAL_GRACE_MS 5000		/* from `fatal` to its end */

static const char *
string_of(json_t *ev, const char *name)
{
	return json_string_value(json_object_get(ev, name));
}

static json_int_t
number_of(json_t *ev, const char *name, json_int_t otherwise)
{
	json_t *value = json_object_get(ev, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
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

	return text ? strtoull(text + (*text == '+'), NULL, 10) : 0;
}

static void
submit(struct child *c, struct command *cmd)
{
	events_flush(c);
	c->routes->ports.submit(c->routes->ports.ctx, cmd);
}

/* What an account allows; a budget that nobody understands limits nothing. */
static void
read_limits(struct child *c, json_t *ev, struct command *cmd)
{
	json_t *budgets = json_object_get(ev, "budgets"), *rate = json_object_get(ev, "rate"), *one;
	size_t i;

	cmd->ready.rate = json_number_value(rate) > 0 ? json_number_value(rate) : 0;
	cmd->ready.budgets = xcalloc(json_array_size(budgets) + 1, sizeof(*cmd->ready.budgets));
	json_array_foreach(budgets, i, one) {
		const char *text = json_string_value(one);

		if (text && pace_budget_parse(&cmd->ready.budgets[cmd->ready.budget_count],
					      text) == 0)
			cmd->ready.budget_count++;
		else
			c->routes->ports.log(c->routes->ports.ctx, 4, "driver budget unreadable "
					     "route=%s budget=\"%.40s\"", c->conf->name,
					     text ? text : "");
	}
}

static msec
reply_within(json_t *ev)
{
	json_int_t ms = number_of(ev, "reply_within_ms", REPLY_WITHIN_MS);

	return ms < 1 || ms > REPLY_WITHIN_MS ? REPLY_WITHIN_MS : ms;
}

static void
on_ready(struct child *c, json_t *ev)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, c->index);
	json_t *channels = json_object_get(ev, "channels"), *word;
	size_t i;

	cmd->ready.window = (unsigned)number_of(ev, "window", 1);
	cmd->ready.batch = (unsigned)number_of(ev, "batch", 1);
	cmd->ready.receipts = json_is_true(json_object_get(ev, "receipts"));
	cmd->ready.receipts_by_ref = json_is_true(json_object_get(ev, "receipts_by_ref"));
	cmd->ready.templates = json_is_true(json_object_get(ev, "templates"));
	cmd->ready.inbound = json_is_true(json_object_get(ev, "inbound"));
	cmd->ready.identity = xstrdup(string_of(ev, "identity"));
	read_limits(c, ev, cmd);
	json_array_foreach(channels, i, word) {
		int channel = json_is_string(word) ? channel_parse(json_string_value(word)) : -1;

		if (channel >= 0)
			cmd->ready.channels[channel] = true;
	}
	c->window = cmd->ready.window;
	c->reply_within_ms = reply_within(ev);
	if (c->state == CHILD_STARTING) {
		c->state = CHILD_UP;
		c->up_at = routes_now(c->routes);
	}
	submit(c, cmd);
}

static struct done_item *
next_done(struct child *c)
{
	if (!c->done) {
		c->done = command_new(CMD_DONE, c->index);
		c->done_cap = 0;
	}
	if (c->done->done.count == c->done_cap) {
		c->done_cap = c->done_cap ? c->done_cap * 2 : 64;
		c->done->done.items = xrealloc(c->done->done.items,
					       c->done_cap * sizeof(*c->done->done.items));
	}
	return &c->done->done.items[c->done->done.count];
}

/* Exactly one `done` an item: a second one, or one for an item this child never had, is
 * dropped here. */
static void
one_done(struct child *c, json_t *ev, json_t *id_value, const char *ref)
{
	struct done_item *item;
	int outcome = outcome_parse(string_of(ev, "outcome") ? string_of(ev, "outcome") : "");
	int class = reject_parse(string_of(ev, "class") ? string_of(ev, "class") : "none");
	uint64_t id;

	if (!id_of(id_value, &id) || !table_get(&c->items, id))
		return;
	child_item_drop(c, id);
	item = next_done(c);
	*item = (struct done_item){
		.id = id, .parts = (unsigned)number_of(ev, "parts", 0), .ref = xstrdup(ref),
		.reason = xstrdup(string_of(ev, "reason")),
		/* An outcome that we do not know is, of all things, unknown. */
		.outcome = outcome <= 0 ? OUTCOME_UNKNOWN : (enum outcome)outcome,
		.class = class < 0 ? REJECT_RETRY : (enum reject)class,
	};
	c->done->done.count++;
}

static void
on_done(struct child *c, json_t *ev)
{
	json_t *ids = json_object_get(ev, "ids"), *refs = json_object_get(ev, "refs"), *id;
	size_t i;

	if (!ids)
		one_done(c, ev, json_object_get(ev, "id"), string_of(ev, "ref"));
	json_array_foreach(ids, i, id)
		one_done(c, ev, id, json_string_value(json_array_get(refs, i)));
}

static void
on_part(struct child *c, json_t *ev)
{
	struct command *cmd;
	uint64_t id;

	if (!id_of(json_object_get(ev, "id"), &id) || !table_get(&c->items, id))
		return;
	cmd = command_new(CMD_PART, c->index);
	cmd->part.id = id;
	cmd->part.part = (unsigned)number_of(ev, "part", 0);
	cmd->part.of = (unsigned)number_of(ev, "of", 0);
	cmd->part.reference = (unsigned)number_of(ev, "reference", 0);
	cmd->part.ref = xstrdup(string_of(ev, "ref"));
	submit(c, cmd);
}

static void
on_receipt(struct child *c, json_t *ev)
{
	struct command *cmd = command_new(CMD_RECEIPT, c->index);
	const char *state = string_of(ev, "state");

	if (!id_of(json_object_get(ev, "id"), &cmd->receipt.id))
		cmd->receipt.id = 0;
	cmd->receipt.driver_id = xstrdup(string_of(ev, "took"));
	cmd->receipt.ref = xstrdup(string_of(ev, "ref"));
	cmd->receipt.to = phone_of(ev, "to");
	cmd->receipt.delivered = state && strcmp(state, "delivered") == 0;
	cmd->receipt.final = state && strcmp(state, "buffered") != 0;
	cmd->receipt.reason = xstrdup(string_of(ev, "reason"));
	cmd->receipt.at = number_of(ev, "at", 0);
	submit(c, cmd);
}

static void
on_call(struct child *c, json_t *ev)
{
	const char *state = string_of(ev, "state"), *machine = string_of(ev, "machine");
	struct command *cmd;
	uint64_t id;

	if (!state || !id_of(json_object_get(ev, "id"), &id))
		return;
	cmd = command_new(CMD_CALL, c->index);
	cmd->call.id = id;
	cmd->call.state = strcmp(state, "ended") == 0 ? CALL_ENDED
		: strcmp(state, "answered") == 0 ? CALL_ANSWERED : CALL_RINGING;
	cmd->call.outcome = xstrdup(string_of(ev, "outcome"));
	cmd->call.digits = xstrdup(string_of(ev, "digits"));
	if (machine && strlen(machine) <= MACHINE_MAX)
		cmd->call.machine = xstrdup(machine);
	cmd->call.ms = number_of(ev, "ms", 0);
	submit(c, cmd);
}

static void
on_inbound(struct child *c, json_t *ev)
{
	const char *id = string_of(ev, "id");
	struct command *cmd;

	if (!id || !string_of(ev, "from"))
		return;
	cmd = command_new(CMD_INBOUND, c->index);
	cmd->inbound.driver_id = xstrdup(id);
	cmd->inbound.from = phone_of(ev, "from");
	if (!json_is_true(json_object_get(ev, "missed_call")))
		cmd->inbound.text = xstrdup(string_of(ev, "text") ? string_of(ev, "text") : "");
	cmd->inbound.at = number_of(ev, "at", 0);
	submit(c, cmd);
}

/* The answer to a provider goes out only after the receipts before it are committed. */
static void
on_reply(struct child *c, json_t *ev)
{
	const char *id = string_of(ev, "id"), *body = string_of(ev, "body");
	const char *type = string_of(json_object_get(ev, "headers"), "Content-Type");
	uint64_t barrier = ++c->routes->barriers;
	struct command *cmd;

	if (!id || !callbacks_reply(c, strtoull(id, NULL, 10), (int)number_of(ev, "status", 200),
				    type ? type : "text/plain", body ? body : "", barrier))
		return;
	cmd = command_new(CMD_BARRIER, c->index);
	cmd->barrier = barrier;
	submit(c, cmd);
}

static void
on_health(struct child *c, json_t *ev)
{
	struct command *cmd = command_new(CMD_HEALTH, c->index);

	cmd->health.json = json_dumps(ev, JSON_COMPACT);
	cmd->health.ok = !json_is_false(json_object_get(ev, "ok"));
	submit(c, cmd);
}

static void
on_answer(struct child *c, json_t *ev)
{
	const char *id = string_of(ev, "id");
	struct command *cmd;

	if (!id || *id != 'q')
		return;
	cmd = command_new(CMD_ANSWERED, c->index);
	cmd->answered.id = strtoull(id + 1, NULL, 10);
	json_object_del(ev, "ev");
	json_object_del(ev, "id");
	cmd->answered.json = json_dumps(ev, JSON_COMPACT);
	submit(c, cmd);
}

static void
on_keep(struct child *c, json_t *ev)
{
	const char *state = string_of(ev, "state");
	struct command *cmd;

	if (!state || strlen(state) > 4096)
		return;
	free(c->keep);
	c->keep = xstrdup(state);
	cmd = command_new(CMD_KEEP, c->index);
	cmd->keep = xstrdup(state);
	submit(c, cmd);
}

static void
on_pong(struct child *c, json_t *ev)
{
	if ((unsigned long)number_of(ev, "n", -1) == c->ping)
		c->ping_at = 0;
}

static void
on_fatal(struct child *c, json_t *ev)
{
	const char *reason = string_of(ev, "reason");

	free(c->end_reason);
	c->end_reason = xstrdup(reason ? reason : "fatal, without a reason");
	c->end_fatal = !json_is_true(json_object_get(ev, "retry"));
	/* It gets no more work; what it was sent before this `close` it can still give back. */
	if (c->state != CHILD_CLOSING)
		child_close(c, FATAL_GRACE_MS);
}

static const struct {
	const char *name;
	void (*run)(struct child *, json_t *);
} events[] = {
	{ "done", on_done }, { "receipt", on_receipt }, { "part", on_part }, { "call", on_call },
	{ "inbound", on_inbound }, { "pong", on_pong }, { "ready", on_ready },
	{ "reply", on_reply }, { "health", on_health }, { "answer", on_answer },
	{ "keep", on_keep }, { "fatal", on_fatal },
};

void
events_flush(struct child *c)
{
	struct command *cmd = c->done;

	c->done = NULL;
	if (cmd)
		c->routes->ports.submit(c->routes->ports.ctx, cmd);
}

void
events_read(struct child *c, char *line, size_t len)
{
	json_error_t where;
	json_t *ev = json_loadb(line, len, 0, &where);
	const char *name = string_of(ev, "ev");
	size_t i, count = sizeof(events) / sizeof(events[0]);

	for (i = 0; name && i < count; i++)
		if (strcmp(events[i].name, name) == 0)
			break;
	if (!name || i == count) {
		c->bad_lines += !name;	/* an event of a later version is no garbage */
		c->routes->ports.log(c->routes->ports.ctx, 4,
				     "driver line unreadable route=%s reason=\"%s\"",
				     c->conf->name, name ? "no such event" : ev ? "no \"ev\""
				     : where.text);
	} else {
		events[i].run(c, ev);
	}
	json_decref(ev);
	if (c->bad_lines >= BAD_LINES_MAX)
		child_end(c, false, "wrote %u lines that are no events", c->bad_lines);
}
