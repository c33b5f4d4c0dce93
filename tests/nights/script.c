/* script.c -- the verbs of a night: one line, one thing that happens or is expected. */
#include "tests/nights/night.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/message_state.h"
#include "daemon/web/problem.h"
#include "tests/nights/disk.h"

#define HEARD_WITHIN MINUTES(10)	/* a client asks again until it hears */

struct reader {				/* walks the words of a line */
	struct night *n;
	const struct line *l;
	size_t next;
};

static const char *
word(struct reader *r)
{
	return r->next < r->l->count ? r->l->words[r->next++] : NULL;
}

static bool
eat(struct reader *r, const char *wanted)
{
	if (r->next >= r->l->count || strcmp(r->l->words[r->next], wanted) != 0)
		return false;
	r->next++;
	return true;
}

static bool
more(const struct reader *r)
{
	return r->next < r->l->count;
}

static void
puzzled(struct reader *r)
{
	night_fail(r->n, "\"%s\" is not understood here",
		   more(r) ? r->l->words[r->next] : "(end of line)");
}

static const char *
need(struct reader *r)
{
	const char *w = word(r);

	if (!w)
		puzzled(r);
	return w ? w : "";
}

msec
duration_of(const char *text)
{
	char unit[8] = "";
	double number;

	if (sscanf(text, "%lf%7[a-z]", &number, unit) != 2)
		return -1;
	return (msec)(number * (strcmp(unit, "ms") == 0 ? 1 : strcmp(unit, "s") == 0 ? 1e3
				: strcmp(unit, "m") == 0 ? 6e4 : 3.6e6));
}

static msec
need_duration(struct reader *r)
{
	msec ms = duration_of(need(r));

	if (ms < 0)
		night_fail(r->n, "\"%s\" is no duration like 10s or 5m", r->l->words[r->next - 1]);
	return ms;
}

static void
need_range(struct reader *r, msec *low, msec *high)
{
	char a[32];
	const char *both = need(r), *dash = strchr(both, '-');

	snprintf(a, sizeof(a), "%.*s", dash ? (int)(dash - both) : 31, both);
	*low = duration_of(a);
	*high = dash ? duration_of(dash + 1) : *low;
	if (*low < 0 || *high < *low)
		night_fail(r->n, "\"%s\" is no duration or range like 3s-5s", both);
}

static long
who(struct reader *r)
{
	long v = villager_find(r->n->district, r->n->settings, r->l->words, r->l->count, &r->next);

	if (v < 0)
		night_fail(r->n, "there is nobody like that in this district");
	return v;
}

static division_code
need_division(struct reader *r)
{
	struct err err = { 0 };
	division_code code = 0;

	if (division_parse(&code, need(r), &err) < 0)
		night_fail(r->n, "%s", err.text);
	return code;
}

/* ---- what happens ---- */

static int
need_road(struct reader *r)
{
	int road = settings_route(r->n->settings, need(r));

	if (road < 0) {
		night_fail(r->n, "there is no such route in tests/nights/gong.conf");
		return 0;
	}
	return road;
}

/* "none" or one more */
static void
need_budget(struct reader *r, struct road *road)
{
	const char *text = need(r);

	if (strcmp(text, "none") == 0)
		road->budget_count = 0;
	else if (road->budget_count == 4 ||
		 pace_budget_parse(&road->budgets[road->budget_count++], text) < 0)
		night_fail(r->n, "\"%s\" is no budget like 1/10h@22:00-08:00, or the fifth", text);
}

static void
do_route(struct reader *r)
{
	int index = need_road(r);
	struct road *road = &r->n->roads[index];

	if (eat(r, "unplugged")) {
		road->wanted = false;
		network_unplug(r->n, index);
		return;
	}
	if (eat(r, "down")) {
		road->wanted = eat(r, "briefly");
		if (road->up)
			network_die(r->n, index, false, "modem unplugged");
		if (road->wanted)
			network_ready(r->n, index, 1000);
		return;
	}
	if (!road->used) {
		bool modem = strcmp(r->n->settings->routes[index].driver, "gong-modem") == 0;

		*road = (struct road){ .serial = modem, .window = modem ? 2 : 50,
			.batch = modem ? 1 : 20, .latency_low = modem ? 3000 : 50,
			.latency_high = modem ? 5000 : 800, .travel_low = 500,
			.travel_high = 6000, .receipts = true, .receipt_share = 90, .late = 5,
			.life = 1, .page = road->page, .page_good = road->page_good,
			.page_books_at = road->page_books_at, .inherited = road->inherited };
	}
	while (more(r) && !r->n->failed) {
		if (eat(r, "window"))
			road->window = (unsigned)atoi(need(r));
		else if (eat(r, "batch"))
			road->batch = (unsigned)atoi(need(r));
		else if (eat(r, "latency"))
			need_range(r, &road->latency_low, &road->latency_high);
		else if (eat(r, "travel"))
			need_range(r, &road->travel_low, &road->travel_high);
		else if (eat(r, "loss"))
			road->loss = atof(need(r));
		else if (eat(r, "unknown"))
			road->unknown = atof(need(r));
		else if (eat(r, "twice"))
			road->twice = atof(need(r));
		else if (eat(r, "late"))
			road->late = atof(need(r));
		else if (eat(r, "mute"))
			road->mute = true;
		else if (eat(r, "by_part"))
			road->by_part = true;
		else if (eat(r, "receipts"))
			road->receipt_share = atof(need(r));
		else if (eat(r, "rate"))
			road->rate = atof(need(r));
		else if (eat(r, "budget"))
			need_budget(r, road);
		else if (eat(r, "reject")) {
			road->reject = atof(need(r));
			road->reject_class = (enum reject)reject_parse(need(r));
		} else if (eat(r, "later")) {
			road->used = true;
			return;
		} else if (!eat(r, "up"))
			puzzled(r);
	}
	network_ready(r->n, index, 0);
}

static void
do_people(struct reader *r)
{
	struct habit h = { .who = -1, .role = -1, .percent = 100, .low = SECONDS(5),
			   .high = SECONDS(90) };

	if (eat(r, "role")) {
		h.role = settings_role(r->n->settings, need(r));
		if (h.role < 0)
			night_fail(r->n, "there is no such role");
	} else if (!eat(r, "all"))
		h.who = who(r);
	if (eat(r, "pick_up"))
		h.voice = true;
	else if (eat(r, "ignore")) {
		h.percent = 0;
		h.voice = eat(r, "calls");
	} else if (eat(r, "echo"))
		h.echo = true;
	else if (!eat(r, "answer"))
		puzzled(r);
	while (more(r) && !r->n->failed) {
		if (eat(r, "after"))
			need_range(r, &h.low, &h.high);
		else if (eat(r, "silent"))
			h.silent = atof(need(r));
		else if (strchr(r->l->words[r->next], '%'))
			h.percent = atof(need(r));
		else
			snprintf(h.text, sizeof(h.text), "%s", need(r));
	}
	if (r->n->habit_count == 32)
		night_fail(r->n, "too many people lines");
	else
		r->n->habits[r->n->habit_count++] = h;
}

static void
do_at(struct reader *r)
{
	unsigned h = 0, m = 0, s = 0;
	msec midnight = (r->n->mono + HOURS(8)) / HOURS(24) * HOURS(24) - HOURS(8), at;

	if (sscanf(need(r), "%u:%u:%u", &h, &m, &s) < 2)
		night_fail(r->n, "at needs a time like 02:10 or 02:10:30");
	at = midnight + HOURS(h) + MINUTES(m) + SECONDS(s);
	if (eat(r, "tomorrow"))
		at += HOURS(24);
	if (at < r->n->mono)
		night_fail(r->n, "%s has passed", r->l->words[1]);
	gongd_run(r->n, at, NULL, NULL);
	if (more(r)) {			/* `at 02:10 alert …`: the rest is a line of its own */
		struct line rest = { .number = r->l->number, .count = r->l->count - r->next };

		memcpy(rest.words, r->l->words + r->next, rest.count * sizeof(*rest.words));
		script_line(r->n, &rest);
	}
}

static void
do_wait(struct reader *r)
{
	gongd_run(r->n, r->n->mono + need_duration(r), NULL, NULL);
}

/* An alert, cancel or desk answer: written down, so that it can be asked again after a crash. */
static void
do_ask(struct reader *r)
{
	struct night *n = r->n;
	struct asked *a = &n->asked[n->asked_count];

	if (n->asked_count == 64) {
		night_fail(n, "too many requests in one night");
		return;
	}
	*a = (struct asked){ .line = NULL };
	for (size_t i = 0; i < n->line_count; i++)	/* the line that lasts, not a rest of it */
		if (n->lines[i].number == r->l->number)
			a->line = &n->lines[i];
	snprintf(a->name, sizeof(a->name), "%s", r->l->count > 1 ? r->l->words[1] : "");
	for (size_t i = 0; i + 1 < r->l->count; i++)
		if (strcmp(r->l->words[i], "refused") == 0)
			a->refused = r->l->words[i + 1];
	script_ask(n, n->asked_count++);
	gongd_run(n, n->mono, NULL, NULL);
}

/* A question to a route is asked once: who asked it hangs up when gongd dies. */
static void
do_question(struct reader *r)
{
	struct command *cmd = night_command(CMD_ASK);

	cmd->ask = xcalloc(1, sizeof(*cmd->ask));
	cmd->ask->route = xstrdup(r->n->settings->routes[need_road(r)].name);
	cmd->ask->what = xstrdup("at");
	cmd->ask->text = xstrdup(need(r));
	cmd->reply_to = QUESTION_BASE + ++r->n->question_count;
	gongd_push(r->n, cmd);
	gongd_run(r->n, r->n->mono, NULL, NULL);
}

/* health ROUTE [prefer_other] [alarm NAME TEXT …]: what its driver says of itself. */
static void
do_health(struct reader *r)
{
	int road = need_road(r);
	struct buf json = { 0 };

	buf_printf(&json, "{\"ev\":\"health\",\"prefer_other\":%s,\"alarms\":[",
		   eat(r, "prefer_other") ? "true" : "false");
	for (bool any = false; eat(r, "alarm"); any = true) {
		buf_printf(&json, "%s{\"name\":", any ? "," : "");
		buf_json(&json, need(r));
		buf_puts(&json, ",\"text\":");
		buf_json(&json, need(r));
		buf_puts(&json, "}");
	}
	buf_puts(&json, "]}");
	free(r->n->roads[road].health);
	r->n->roads[road].health = buf_take(&json);
	network_health(r->n, road);
	gongd_run(r->n, r->n->mono, NULL, NULL);
}

static void
add_string(char ***list, size_t *count, const char *text)
{
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
}

static void
add_code(division_code **list, size_t *count, division_code code)
{
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = code;
}

static bool
add_pair(struct pair **list, size_t *count, const char *both)
{
	const char *sign = strchr(both, '=');

	if (!sign)
		return false;
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = (struct pair){ .name = xstrndup(both, (size_t)(sign - both)),
					     .value = xstrdup(sign + 1) };
	return true;
}

static bool
read_audience(struct reader *r, struct alert_request *q)
{
	if (eat(r, "division"))
		add_code(&q->divisions, &q->division_count, need_division(r));
	else if (eat(r, "without") && eat(r, "division"))
		add_code(&q->without_divisions, &q->without_division_count, need_division(r));
	else if (eat(r, "role"))
		add_string(&q->roles, &q->role_count, need(r));
	else if (eat(r, "to")) {
		long v = who(r);

		if (v >= 0)
			add_string(&q->contacts, &q->contact_count, r->n->district->people[v].ref);
	} else if (eat(r, "asker")) {
		long v = who(r);

		q->asker = v >= 0 ? xstrdup(r->n->district->people[v].ref) : NULL;
	} else if (eat(r, "reached"))
		q->reached = true;
	else if (eat(r, "whole"))
		q->whole = true;
	else if (eat(r, "in_turn"))
		q->in_turn = true;
	else
		return false;
	return true;
}

static void
read_alert(struct reader *r, struct alert_request *q)
{
	struct night *n = r->n;

	q->severity = SEVERITY_YELLOW;
	q->template = xstrdup(need(r));
	while (more(r) && !n->failed) {
		int severity = severity_parse(r->l->words[r->next]);

		if (severity >= 0) {
			q->severity = (enum severity)severity;
			r->next++;
		} else if (eat(r, "policy"))
			q->policy = xstrdup(need(r));
		else if (eat(r, "drill"))
			q->drill = true;
		else if (eat(r, "test"))
			q->test = true;
		else if (eat(r, "expires"))
			q->expires_at = wall(n) + need_duration(r);
		else if (eat(r, "starts"))
			q->starts_at = wall(n) + need_duration(r);
		else if (eat(r, "replaces"))
			q->replaces = script_alert(n, need(r));
		else if (eat(r, "key")) {
			free(q->key);
			q->key = xstrdup(need(r));
		} else if (eat(r, "refused"))
			need(r);
		else if (!read_audience(r, q) &&
			 !add_pair(&q->params, &q->param_count, need(r)))
			puzzled(r);
	}
}

/* A digest of what is asked, without the instants that move when it is asked again. */
static void
digest(const struct line *l, size_t from, unsigned char out[32])
{
	uint64_t hash = 1469598103934665603u;

	for (size_t i = from; i < l->count; i++)
		for (const char *c = l->words[i]; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	memset(out, 0, 32);
	memcpy(out, &hash, sizeof(hash));
}

static struct command *
ask_alert(struct reader *r)
{
	struct command *cmd = night_command(CMD_ACCEPT);
	struct alert_request *q = cmd->accept = xcalloc(1, sizeof(*q));

	q->key = xstrdup(need(r));
	digest(r->l, r->next, q->digest);
	read_alert(r, q);
	return cmd;
}

/* What a dry run of it says. */
static struct command *
ask_forecast(struct reader *r)
{
	struct command *cmd = ask_alert(r);

	cmd->accept->dry_run = true;
	return cmd;
}

/* When the last message of the first step is handed over, says a dry run. */
static msec
first_step_out(json_t *answer)
{
	json_t *waves = json_object_get(answer, "forecast"), *wave;
	msec last = -1;
	size_t i;

	json_array_foreach(waves, i, wave) {
		msec at = json_integer_value(json_object_get(wave, "last_ms"));

		if (!json_integer_value(json_object_get(wave, "due_ms")) && at > last &&
		    strcmp(json_string_value(json_object_get(wave, "channel")), "sms") == 0)
			last = at;
	}
	return last;
}

static struct command *
ask_cancel(struct reader *r)
{
	struct command *cmd = night_command(CMD_CANCEL);
	struct cancel_request *q = cmd->cancel = xcalloc(1, sizeof(*q));

	q->alert = script_alert(r->n, need(r));
	if (eat(r, "telling"))
		q->template = xstrdup(need(r));
	while (more(r) && !r->n->failed)
		if (!add_pair(&q->params, &q->param_count, need(r)))
			puzzled(r);
	return cmd;
}

static struct command *
ask_desk(struct reader *r)
{
	struct command *cmd = night_command(CMD_ANSWER);
	struct answer_request *q = cmd->answer = xcalloc(1, sizeof(*q));

	q->alert = script_alert(r->n, need(r));
	q->division = need_division(r);
	q->level = atoi(need(r));
	q->kind = ANSWER_ACKNOWLEDGED;
	q->name = xstrdup("值班员");
	q->note = xstrdup("door to door");
	return cmd;
}

void
script_ask(struct night *n, size_t index)
{
	struct asked *a = &n->asked[index];
	struct reader r = { n, a->line, 0 };
	struct command *cmd;

	if (eat(&r, "at"))
		r.next++;
	cmd = eat(&r, "forecast") ? ask_forecast(&r) : eat(&r, "alert") ? ask_alert(&r) : eat(&r, "cancel") ? ask_cancel(&r)
		: eat(&r, "desk") ? ask_desk(&r) : NULL;
	if (!cmd)
		return;
	cmd->reply_to = index + 1;
	gongd_push(n, cmd);
}

/* What web would make of it: a status, and what the client reads. */
static int
heard(const struct effect *f, char field[PROBLEM_FIELD], char text[512])
{
	if (f->reply.kind != REPLY_REFUSED) {
		snprintf(text, 512, "%s", f->reply.json);
		return f->reply.kind == REPLY_ACCEPTED ? 202 : 200;
	}
	problem_field(field, &f->reply.refusal->about, FORM_ALERT);
	snprintf(text, 512, "%s", f->reply.refusal->text);
	return problem_status(f->reply.refusal->kind);
}

void
script_reply(struct night *n, const struct effect *f)
{
	char field[PROBLEM_FIELD] = "", text[512];
	int status = heard(f, field, text);
	struct asked *a;
	json_t *j;

	if (f->reply.to > QUESTION_BASE) {
		night_say(n, "the question is answered %d %s", status, text);
		n->answered[status / 100 % 6]++;
		return;
	}
	a = &n->asked[f->reply.to - 1];
	night_say(n, "client %s hears %d %s", a->name, status, text);
	/* A cancel that was asked twice because of a crash: it is cancelled, that is enough. */
	if (status >= 400 && status != 409 && !a->refused)
		night_fail(n, "line %u: refused: %s", a->line->number, text);
	if (a->refused && (status < 400 || strcmp(field, a->refused) != 0))
		night_fail(n, "line %u: should be refused because of %s, got %s: %s",
			   a->line->number, a->refused, field, text);
	j = f->reply.json ? json_loads(f->reply.json, 0, NULL) : NULL;
	a->answered = true;
	a->alert = json_integer_value(json_object_get(j, "id"));
	if (json_object_get(j, "dry_run"))
		n->forecast_ms = first_step_out(j);
	/* Accepted means on disk: another connection must see it now. */
	if (!a->refused && strcmp(a->line->words[a->line->count > 2 &&
	    strcmp(a->line->words[0], "at") == 0 ? 2 : 0], "alert") == 0 &&
	    gongd_look(n, "SELECT 1 FROM alert WHERE id = ?1", a->alert, 0) != 1)
		night_fail(n, "line %u: accepted, but not on disk", a->line->number);
	json_decref(j);
}

static bool
was_heard(struct night *n, void *ctx)
{
	return ((struct asked *)ctx)->answered;
}

int64_t
script_alert(struct night *n, const char *name)
{
	for (size_t i = 0; i < n->asked_count; i++) {
		struct asked *a = &n->asked[i];
		size_t verb = strcmp(a->line->words[0], "at") == 0 ? 2 : 0;

		if (strcmp(a->name, name) != 0 || strcmp(a->line->words[verb], "alert") != 0)
			continue;
		if (!a->answered && !n->down)
			gongd_run(n, n->mono + HEARD_WITHIN, was_heard, a);
		return a->alert;
	}
	night_fail(n, "there is no alert %s in this night", name);
	return 0;
}

static void
do_reply(struct reader *r)
{
	long v = who(r);
	const char *text = need(r);
	unsigned number = eat(r, "from") ? (unsigned)atoi(need(r)) - 1 : 0;

	if (v >= 0)
		network_say(r->n, v, number, text, 0);
	gongd_run(r->n, r->n->mono, NULL, NULL);
}

static void
do_missed(struct reader *r)
{
	long v = who(r);

	if (v >= 0)
		network_say(r->n, v, 0, NULL, 0);
	gongd_run(r->n, r->n->mono, NULL, NULL);
}

static void
do_dead(struct reader *r)
{
	struct district *d = r->n->district;
	long v;

	if (eat(r, "some")) {		/* so many percent of all people: their first number */
		double percent = atof(need(r));

		for (size_t i = 0; i < d->people_count; i++)
			d->people[i].dead[0] = chance_percent(&r->n->chance, percent);
		return;
	}
	v = who(r);
	if (v >= 0)
		d->people[v].dead[more(r) ? atoi(need(r)) - 1 : 0] = true;
}

static void
do_poison(struct reader *r)
{
	long v = who(r);

	if (v >= 0)
		r->n->district->people[v].poison = true;
}

static void
do_crash(struct reader *r)
{
	if (!r->n->down)
		gongd_die(r->n, strcmp(r->l->words[0], "power_cut") == 0);
}

static void
do_reload(struct reader *r)
{
	struct command *cmd = command_new(CMD_RELOAD, -1);
	struct err err = { 0 };

	cmd->by.kind = PRINCIPAL_GONG;
	settings_unref(r->n->later);
	r->n->later = NULL;
	if (settings_load(&r->n->later, need(r), NULL, &err) < 0) {
		night_fail(r->n, "%s", err.text);
		command_free(cmd);
		return;
	}
	cmd->settings = settings_ref(r->n->later);
	gongd_push(r->n, cmd);
	gongd_run(r->n, r->n->mono, NULL, NULL);
}

/* gongd will die at the N-th commit from now. */
static void
do_doom(struct reader *r)
{
	r->n->crash_at = r->n->commits + strtoul(need(r), NULL, 10);
}

static void
do_clock(struct reader *r)
{
	const char *by = need(r);
	msec step = duration_of(*by == '+' || *by == '-' ? by + 1 : by);
	struct command *cmd;

	if (*by == '-')
		step = -step;
	r->n->offset += step;
	if (r->n->wake_at != NEVER)
		r->n->wake_at = r->n->mono;
	if (r->n->down)
		return;			/* nobody is there to notice: it starts with that clock */
	cmd = command_new(CMD_CLOCK_STEP, -1);
	cmd->by.kind = PRINCIPAL_GONG;
	cmd->clock_step_ms = step;
	gongd_push(r->n, cmd);
}

static void
do_disk(struct reader *r)
{
	disk_set_fault(eat(r, "full") ? DISK_FULL : eat(r, "failing") ? DISK_ERROR : DISK_GOOD);
}

static const struct copy *
last_copy(struct night *n, long v, bool call)
{
	for (size_t i = n->copy_count; i-- > 0;)
		if (villager_of_number(n->district, n->copies[i].to) == v &&
		    n->copies[i].call == call)
			return &n->copies[i];
	return NULL;
}

/* receipt WHO delivered|failed [twice] / forged: for the last SMS that person got. */
static void
do_receipt(struct reader *r)
{
	long v = who(r);
	const struct copy *c = v >= 0 ? last_copy(r->n, v, false) : NULL;
	bool delivered;
	int road;

	if (!c) {
		night_fail(r->n, "nothing has reached that person");
		return;
	}
	road = c->road;
	if (eat(r, "forged")) {
		/* somebody else's number, an attempt to come, a wave that never was, a reference
		 * nobody gave, another route */
		network_receipt(r->n, road, c->id, c->to + 1, NULL, 0, 0, true, 0);
		network_receipt(r->n, road, c->id + 1, c->to, NULL, 0, 0, true, 0);
		network_receipt(r->n, road, message_id(999999, 1, 1), c->to, NULL, 0, 0, true, 0);
		network_receipt(r->n, road, 0, c->to, "777", 0, 0, true, 0);
		network_receipt(r->n, (road + 1) % (int)r->n->settings->route_count, c->id, c->to,
				NULL, 0, 0, true, 0);
		return;
	}
	delivered = eat(r, "delivered") || !eat(r, "failed");
	network_receipt(r->n, road, c->id, c->to, NULL, 0, 0, delivered, 0);
	if (eat(r, "twice"))
		network_receipt(r->n, road, c->id, c->to, NULL, 0, 0, delivered, SECONDS(3));
}

/* ---- what is expected ---- */

struct wish {
	struct night *n;
	enum { WISH_COPY, WISH_LEVEL, WISH_MOVED, WISH_STATE, WISH_TASK, WISH_EVENT, WISH_MESSAGE, WISH_ANSWERS,
	       WISH_INBOUND, WISH_AUDIT, WISH_ANSWERED, WISH_CANARY,
	       WISH_ATTEMPTS, WISH_REFERENCES, WISH_COUNT } kind;
	bool no, call;
	long who;
	int64_t alert, value;
	division_code division;
	const char *text, *name;	/* name: kind of a task */
	bool open;			/* only tasks that are */
	int channel, road;		/* road: -1 = any */
	long count, most;		/* count -1 = at least one; most: of a range */
	msec since;
};

static int64_t
alert_of_wave(struct night *n, uint32_t wave)
{
	return gongd_look(n, "SELECT alert FROM wave WHERE id = ?1", wave, 0);
}

static long
copies_like(const struct wish *w)
{
	long found = 0;

	for (size_t i = 0; i < w->n->copy_count; i++) {
		const struct copy *c = &w->n->copies[i];

		if (c->call != w->call || c->at < w->since || (w->road >= 0 && c->road != w->road) ||
		    (w->who >= 0 && villager_of_number(w->n->district, c->to) != w->who) ||
		    (w->text && !strstr(c->text, w->text)) ||
		    (w->alert && alert_of_wave(w->n, message_id_wave(c->id)) != w->alert))
			continue;
		found++;
	}
	return found;
}

static int64_t
look_named(struct night *n, const char *sql, int64_t a, const char *name)
{
	sqlite3_stmt *st = NULL;
	int64_t value = -1;

	if (!n->peek || sqlite3_prepare_v2(n->peek, sql, -1, &st, NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_int64(st, 1, a);
	sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

/* What it says is looked for in its English, in what people wrote, and in the note of its end. */
static int64_t
count_tasks(const struct wish *w)
{
	sqlite3_stmt *st = NULL;
	int64_t count = -1;

	if (!w->n->peek || sqlite3_prepare_v2(w->n->peek, "SELECT count(*) FROM task WHERE (?1 = 0 OR "
		"alert = ?1) AND kind = ?2 AND (?3 IS NULL OR instr(text || ' ' || coalesce(note, '') || "
		"' ' || coalesce(words, ''), ?3)) AND (?4 = 0 OR closed_at IS NULL)", -1, &st, NULL) !=
	    SQLITE_OK)
		return -1;
	sqlite3_bind_int64(st, 1, w->alert);
	sqlite3_bind_text(st, 2, w->name, -1, SQLITE_STATIC);
	if (w->text)
		sqlite3_bind_text(st, 3, w->text, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, w->open);
	if (sqlite3_step(st) == SQLITE_ROW)
		count = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return count;
}

/* The contact id, for looking into the store. */
static int64_t
contact_of(struct night *n, long v)
{
	return look_named(n, "SELECT id FROM contact WHERE ?1 = 0 AND ref = ?2", 0,
			  n->district->people[v].ref);
}

static int64_t
measure(const struct wish *w)
{
	struct night *n = w->n;

	switch (w->kind) {
	case WISH_COPY:
		return copies_like(w);
	case WISH_LEVEL:
		return gongd_look(n, "SELECT level FROM target WHERE alert = ?1 AND division = ?2",
				  w->alert, w->division);
	case WISH_MOVED:
		return gongd_look(n, "SELECT coalesce(moved_to, 0) FROM target WHERE alert = ?1 "
				  "AND division = ?2", w->alert, w->division);
	case WISH_STATE:
		return gongd_look(n, "SELECT state FROM alert WHERE id = ?1", w->alert, 0);
	case WISH_TASK:
		return count_tasks(w);
	case WISH_EVENT:
		return look_named(n, "SELECT count(*) FROM event WHERE alert = ?1 AND what = ?2",
				  w->alert, w->text);
	case WISH_MESSAGE:
		return gongd_look(n, w->channel == CHANNEL_VOICE
			? "SELECT CASE WHEN m.state = 0 AND w.state > 2 THEN 9 - w.state ELSE m.state "
			  "END FROM message m JOIN wave w ON w.id = m.wave WHERE w.alert = ?1 AND "
			  "m.contact = ?2 AND w.channel = 1 AND w.kind <> 4 ORDER BY w.id DESC"
			: "SELECT CASE WHEN m.state = 0 AND w.state > 2 THEN 9 - w.state ELSE m.state "
			  "END FROM message m JOIN wave w ON w.id = m.wave WHERE w.alert = ?1 AND "
			  "m.contact = ?2 AND w.channel = 0 AND w.kind <> 4 ORDER BY w.id DESC",
			w->alert, contact_of(n, w->who));
	case WISH_ANSWERS:
		return gongd_look(n, "SELECT count(*) FROM answer WHERE alert = ?1", w->alert, 0);
	case WISH_INBOUND:
		return look_named(n, "SELECT count(*) FROM inbound WHERE ?1 = 0 AND (?2 = '' OR meaning = ?2)",
				  0, w->text ? w->text : "");
	case WISH_AUDIT:
		return look_named(n, "SELECT count(*) FROM audit WHERE ?1 = 0 AND action = ?2", 0,
				  w->text);
	case WISH_COUNT:
		return gongd_look(n, "SELECT count(*) FROM message m JOIN wave w ON w.id = m.wave WHERE "
				  "w.alert = ?1 AND m.state = ?2", w->alert, w->value);
	case WISH_REFERENCES:
		return gongd_look(n, "SELECT count(*) FROM wave a JOIN wave b ON b.id > a.id AND "
				  "(b.id & 255) = (a.id & 255) WHERE a.state IN (0, 1) AND b.state IN "
				  "(0, 1)", 0, 0);
	case WISH_CANARY:
		return look_named(n, "SELECT json_extract(canary, '$.ok') FROM route WHERE ?1 = 0 AND "
				  "name = ?2", 0, w->text);
	case WISH_ATTEMPTS:
		return look_named(n, "SELECT count(*) FROM attempt WHERE ?1 = 0 AND route = (SELECT id "
				  "FROM route WHERE name = ?2)", 0, w->text);
	case WISH_ANSWERED:
		return n->answered[w->value];
	}
	return -1;
}

static bool
fulfilled(struct night *n, void *ctx)
{
	const struct wish *w = ctx;
	int64_t is;

	if (n->down)
		return false;
	is = measure(w);
	if (w->kind == WISH_LEVEL || w->kind == WISH_MOVED || w->kind == WISH_STATE || w->kind == WISH_MESSAGE ||
	    w->kind == WISH_CANARY)
		return (is == w->value) != w->no;
	if (w->no)
		return is > 0;		/* asked as "has it happened": must stay false */
	return w->count >= 0 ? is >= w->count && is <= w->most : is > 0;
}

static bool
read_message_wish(struct reader *r, struct wish *w)
{
	int state;

	w->kind = WISH_MESSAGE;
	w->alert = script_alert(r->n, need(r));
	w->who = who(r);
	w->channel = eat(r, "voice") ? CHANNEL_VOICE : CHANNEL_SMS;
	eat(r, "sms");
	state = message_state_parse(need(r));
	w->value = state;
	return state >= 0;
}

static bool
read_wish(struct reader *r, struct wish *w)
{
	static const char *const states[] = { "held", "active", "satisfied", "exhausted",
					      "cancelled", "expired" };
	const char *what = need(r);

	if (strcmp(what, "sms") == 0 || strcmp(what, "call") == 0) {
		w->kind = WISH_COPY;
		w->call = *what == 'c';
		w->who = eat(r, "anybody") ? -1 : who(r);
	} else if (strcmp(what, "level") == 0) {
		w->kind = WISH_LEVEL;
		w->alert = script_alert(r->n, need(r));
		w->division = need_division(r);
		w->value = atoi(need(r));
	} else if (strcmp(what, "moved") == 0) {
		w->kind = WISH_MOVED;
		w->alert = script_alert(r->n, need(r));
		w->division = need_division(r);
		w->value = script_alert(r->n, need(r));
	} else if (strcmp(what, "state") == 0) {
		w->kind = WISH_STATE;
		w->alert = script_alert(r->n, need(r));
		what = need(r);
		w->value = -1;
		for (int i = 0; i < 6; i++)
			if (strcmp(states[i], what) == 0)
				w->value = i;
		return w->value >= 0;
	} else if (strcmp(what, "task") == 0) {
		w->kind = WISH_TASK;
		w->name = need(r);
	} else if (strcmp(what, "event") == 0) {
		w->kind = WISH_EVENT;
		w->text = need(r);
	} else if (strcmp(what, "message") == 0) {
		return read_message_wish(r, w);
	} else if (strcmp(what, "answers") == 0) {
		w->kind = WISH_ANSWERS;
	} else if (strcmp(what, "inbound") == 0) {
		w->kind = WISH_INBOUND;
		w->text = eat(r, "meaning") ? need(r) : NULL;
	} else if (strcmp(what, "messages") == 0) {
		w->kind = WISH_COUNT;
		w->value = message_state_parse(need(r));
		return w->value >= 0;
	} else if (strcmp(what, "shared") == 0) {
		w->kind = WISH_REFERENCES;
	} else if (strcmp(what, "canary") == 0) {
		w->kind = WISH_CANARY;
		w->text = need(r);
		w->value = !eat(r, "failed");
	} else if (strcmp(what, "attempts") == 0) {
		w->kind = WISH_ATTEMPTS;
		w->text = need(r);
	} else if (strcmp(what, "audit") == 0) {
		w->kind = WISH_AUDIT;
		w->text = need(r);
	} else if (strcmp(what, "answered") == 0) {
		w->kind = WISH_ANSWERED;
		w->value = atoi(need(r));	/* 2 = questions with an answer, 5 = without */
	} else {
		return false;
	}
	return true;
}

/* "5" or "40-60" */
static void
need_count(struct reader *r, struct wish *w)
{
	const char *both = need(r), *dash = strchr(both, '-');

	w->count = atol(both);
	w->most = dash ? atol(dash + 1) : w->count;
}

static void
do_expect(struct reader *r)
{
	struct wish w = { .n = r->n, .count = -1, .who = -1, .road = -1 };
	msec within = 0, during = -1;
	bool met;

	w.no = eat(r, "no");
	if (!read_wish(r, &w)) {
		puzzled(r);
		return;
	}
	while (more(r) && !r->n->failed) {
		if (eat(r, "within"))
			within = need_duration(r);
		else if (eat(r, "for"))
			during = need_duration(r);
		else if (eat(r, "of"))
			w.alert = script_alert(r->n, need(r));
		else if (eat(r, "by"))
			w.road = need_road(r);
		else if (eat(r, "saying"))
			w.text = need(r);
		else if (eat(r, "times"))
			need_count(r, &w);
		else if (eat(r, "open"))
			w.open = true;
		else if (eat(r, "now"))
			w.since = r->n->mono;
		else
			puzzled(r);
	}
	if (during >= 0 && w.no)
		w.since = r->n->mono + 1;
	met = gongd_run(r->n, r->n->mono + (during >= 0 ? during : within), fulfilled, &w);
	if (!met && fulfilled(r->n, &w))
		met = true;
	if (r->n->failed)
		return;
	if (w.no && w.kind != WISH_LEVEL && w.kind != WISH_MOVED && w.kind != WISH_STATE && w.kind != WISH_MESSAGE)
		met = !met;
	if (!met)
		night_fail(r->n, "expectation not met (it is %lld)", (long long)measure(&w));
}

static const struct {
	const char *verb;
	void (*run)(struct reader *);
} verbs[] = {
	{ "route", do_route }, { "people", do_people }, { "at", do_at }, { "wait", do_wait },
	{ "alert", do_ask }, { "forecast", do_ask }, { "cancel", do_ask }, { "desk", do_ask }, { "reply", do_reply },
	{ "question", do_question }, { "health", do_health }, { "missed", do_missed }, { "dead", do_dead }, { "poison", do_poison },
	{ "crash", do_crash }, { "power_cut", do_crash }, { "clock", do_clock },
	{ "disk", do_disk }, { "reload", do_reload }, { "doom", do_doom }, { "receipt", do_receipt }, { "expect", do_expect },
};

void
script_line(struct night *n, const struct line *l)
{
	struct reader r = { n, l, 1 };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].verb, l->words[0]) == 0) {
			verbs[i].run(&r);
			return;
		}
	}
	night_fail(n, "there is no verb \"%s\"; see tests/nights/README.md", l->words[0]);
}
