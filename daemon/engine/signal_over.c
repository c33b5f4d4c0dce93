/* signal_over.c -- what a signal takes back, and what it only says again. */
#include "daemon/engine/signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- its ref and its refs, within the source and those that share theirs with it -- */

typedef void (*named_fn)(struct saying *, int64_t source, const char *ref, void *ctx);

static void
each_source(struct saying *s, const char *ref, named_fn fn, void *ctx)
{
	fn(s, s->row.source, ref, ctx);
	for (size_t i = 0; i < s->conf->shares_count; i++) {
		struct source_row other;

		store_source_get(s->e->store, s->conf->shares_refs[i], s->e->now, &other);
		fn(s, other.id, ref, ctx);
	}
}

static void
each_name(struct saying *s, named_fn fn, void *ctx)
{
	each_source(s, s->row.ref, fn, ctx);
	for (size_t i = 0; i < s->signal->ref_count; i++)
		each_source(s, s->signal->refs[i], fn, ctx);
}

#define LIVE_MOST 64			/* of one ref, where each part of a message looks */

struct live {				/* rows that it is about */
	struct signal_row *rows;
	size_t count, most;
};

static void
add_row(void *ctx, const struct signal_row *row)
{
	struct live *l = ctx;

	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].id == row->id)
			return;
	l->rows = xrealloc(l->rows, (l->count + 1) * sizeof(*l->rows));
	l->rows[l->count++] = *row;
}

static void
add_named(struct saying *s, int64_t source, const char *ref, void *ctx)
{
	store_signals_live(s->e->store, source, ref, ((struct live *)ctx)->most, add_row, ctx);
}

static bool
is_real(struct saying *s, const struct signal_row *r)
{
	char *body = r->alert ? NULL : store_signal_body(s->e->store, r->id);
	struct signal signal;
	struct alert a;
	bool real = true;

	if (r->alert) {
		real = !store_alert_get(s->e->store, r->alert, &a) || (!a.drill && !a.test);
	} else if (body && signal_decode(&signal, body) == 0) {
		real = signal.mode == SIGNAL_MODE_REAL;
		signal_fini(&signal);
	}
	free(body);
	return real;
}

/* No exercise ends, changes or takes the place of what is real, whatever it names. */
static void
keep_drills(struct saying *s, struct live *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (!is_real(s, &l->rows[i]))
			l->rows[kept++] = l->rows[i];
	l->count = kept;
}

static struct live
find_most(struct saying *s, size_t most)
{
	struct live l = { .most = most };

	each_name(s, add_named, &l);
	if (s->signal->mode != SIGNAL_MODE_REAL)
		keep_drills(s, &l);
	return l;
}

static struct live
find_live(struct saying *s)
{
	return find_most(s, LIVE_MOST);
}

/* As many as one message may have begun: its end is the end of all of them. */
static struct live
find_all(struct saying *s)
{
	return find_most(s, SIGNAL_POST_MAX);
}

/* -- prior -- */

static bool
touches(const struct saying *s, division_code code)
{
	for (size_t i = 0; i < s->place_count; i++)
		if (division_contains(s->places[i], code) || division_contains(code, s->places[i]))
			return true;
	return false;
}

/* How much an open alert is about the same. */
static int
likeness(const struct saying *s, const struct alert *a)
{
	struct alert_request *was = request_decode(a->body);
	const char *kind = s->rule && s->rule->then.kind ? s->rule->then.kind : s->signal->kind;
	int like = kind && strcmp(a->kind, kind) == 0;
	bool touched = false;

	for (size_t i = 0; i < was->division_count && !touched; i++)
		touched = touches(s, was->divisions[i]);
	alert_request_free(was);
	return like + 2 * touched;
}

/* What is real takes no drill's place: the drill goes on, and people hear of both. */
static bool
is_of_its_mode(const struct saying *s, const struct alert *a)
{
	enum signal_mode mode = engine_signal_mode(s, s->rule);

	return a->drill == (mode == SIGNAL_MODE_DRILL) && (a->test || mode != SIGNAL_MODE_TEST);
}

bool
engine_signal_prior(struct saying *s, struct signal_row *out, struct alert *a)
{
	struct live l = find_live(s);
	int best = s->whole && s->whole->parts > 1 ? 0 : -1;	/* a part takes the place of one like it only */
	bool found = false;

	for (size_t i = 0; i < l.count; i++) {
		int like = l.rows[i].alert && store_alert_get(s->e->store, l.rows[i].alert, a) &&
			   alert_is_open(a->state) && is_of_its_mode(s, a) ? likeness(s, a) : -1;

		if (like > best || (like == best && found && l.rows[i].id > out->id)) {
			*out = l.rows[i];
			best = like;
			found = true;
		}
	}
	if (found)
		store_alert_get(s->e->store, out->alert, a);
	free(l.rows);
	return found;
}

bool
engine_signal_told(struct saying *s, const struct alert_request *want, struct signal_row *out,
		   struct alert *a)
{
	struct live l = find_live(s);
	const struct signal_row *last = NULL;

	for (size_t i = 0; i < l.count; i++)
		if (l.rows[i].alert && (!last || l.rows[i].id > last->id))
			last = &l.rows[i];
	if (last)
		*out = *last;
	free(l.rows);
	return last && memcmp(out->outcome, want->digest, sizeof(out->outcome)) == 0 &&
	       store_alert_get(s->e->store, out->alert, a) && a->expires_at > s->e->now;
}

static void
give_way(struct saying *s, struct signal_row *r)
{
	struct said why;

	SAY(&why, signal_superseded);
	engine_signal_task_over(s->e, r, PHRASE_signal_superseded);
	r->state = SIGNAL_IS_IGNORED;
	r->due_at = NEVER;
	store_signal_put(s->e->store, r, &why);
}

void
engine_signal_supersede(struct saying *s)
{
	struct live l = find_live(s);

	for (size_t i = 0; i < l.count; i++)
		if (!l.rows[i].alert && l.rows[i].id != s->row.id)
			give_way(s, &l.rows[i]);
	free(l.rows);
}

/* A rule that was changed begins anew. */
static msec
waits_since(struct saying *s, const struct signal_row *r)
{
	const struct rule *rule = rules_named(&s->conf->rules, r->rule);

	return rule && memcmp(rule->sha256, r->rule_sha256, sizeof(r->rule_sha256)) == 0
		? r->due_at - rule->for_ms : s->row.at;
}

msec
engine_signal_since(struct saying *s)
{
	struct live l = find_live(s);
	msec since = s->row.at;

	for (size_t i = 0; i < l.count; i++) {
		struct signal_row *r = &l.rows[i];

		if (r->state != SIGNAL_IS_NEW || r->due_at == NEVER || r->id == s->row.id)
			continue;
		if (r->source == s->row.source)		/* another's rules are not these */
			since = msec_min(since, waits_since(s, r));
		give_way(s, r);
	}
	free(l.rows);
	return since;
}

struct longer {
	struct engine *e;
	msec until;
};

static void
extend_wave(void *ctx, const struct wave *w)
{
	const struct longer *l = ctx;
	struct live_wave *lw = w->state <= WAVE_OPEN ? engine_wave(l->e, w->id) : NULL;

	if (lw)
		lw->w.expires_at = l->until;
}

/* Never shorter: what was promised to people holds. */
void
engine_signal_extend(struct saying *s, const struct signal_row *prior, const struct alert *a,
		     const struct alert_request *r)
{
	struct longer l = { s->e, r->expires_at };

	store_signal_renew(s->e->store, prior->id, &s->row, s->body);
	if (!alert_is_open(a->state) || !s->signal->expires_at || r->expires_at <= a->expires_at)
		return;
	engine_waves_flush(s->e);
	store_alert_extend(s->e->store, a->id, r->expires_at);
	store_waves_of(s->e->store, a->id, extend_wave, &l);
	engine_event(s->e, a->id, "extended", "{\"by\":\"%s\",\"until\":%lld}", s->by.name,
		     (long long)r->expires_at);
}

/* -- ends -- */

/* Those parameters of the end's template that its rule has. */
static void
fill_params(struct saying *s, const struct rule *rule, struct cancel_request *c)
{
	const struct template *t = settings_template(s->e->settings, c->template);

	c->params = xcalloc(rule->then.param_count + 1, sizeof(*c->params));
	for (size_t i = 0; t && i < rule->then.param_count; i++) {
		const struct rule_param *p = &rule->then.params[i];
		char *value = t && template_param(t, p->name)
			? engine_signal_param(t, p, s->signal, s->e->settings->default_lang) : NULL;

		if (value)
			c->params[c->param_count++] = (struct pair){ .name = xstrdup(p->name), .value = value };
	}
}

static bool
is_over(struct saying *s, int64_t alert)
{
	struct alert a;

	return store_alert_get(s->e->store, alert, &a) && !alert_is_open(a.state) &&
	       a.state != ALERT_SATISFIED;
}

/* By the way that a person's cancelling goes. */
static void
cancel_by(struct saying *s, const struct rule *rule, int64_t alert, bool tell)
{
	struct command *cmd = command_new(CMD_CANCEL, -1);
	char note[SIGNAL_REF_MAX + 40];

	cmd->by = s->by;
	cmd->cancel = xcalloc(1, sizeof(*cmd->cancel));
	cmd->cancel->alert = alert;
	snprintf(note, sizeof(note), "%s: %s", s->conf->name, s->row.ref);
	cmd->cancel->note = xstrdup(note);
	if (tell) {
		cmd->cancel->template = xstrdup(rule->end_template);
		fill_params(s, rule, cmd->cancel);
	}
	engine_cancel(s->e, cmd);
	command_free(cmd);
}

/* Its end's text may lack something: then it ends all the same, and the desk tells people. */
static void
end_alert(struct saying *s, const struct signal_row *r)
{
	const struct rule *rule = r->rule[0] ? rules_named(&s->conf->rules, r->rule) : NULL;
	struct said said;

	if (rule && rule->end_template)
		cancel_by(s, rule, r->alert, true);
	if (is_over(s, r->alert))
		return;
	cancel_by(s, rule, r->alert, false);
	if (!is_over(s, r->alert))
		return;
	if (rule && rule->end_template) {
		SAY(&said, task_signal_end_untold, s->conf->name, NUM(r->alert));
		engine_signal_task(s, &said);
	}
}

static bool
may_end(struct saying *s, const struct alert *a)
{
	struct said said;
	struct err err = { 0 };

	if (engine_may_end(s->e, &s->by, VERB_CANCEL, a, &err) == 0)
		return true;
	SAY(&said, task_signal_end, s->conf->name, NUM(a->id), NEST(&err.said));
	s->why = said;
	engine_signal_settle(s, SIGNAL_IS_HELD, &said);
	engine_signal_task(s, &said);
	return false;
}

static void
end_unsent(struct saying *s, struct signal_row *r)
{
	struct said why;

	engine_signal_task_over(s->e, r, PHRASE_signal_ended_unsent);
	r->state = SIGNAL_IS_IGNORED;
	r->due_at = NEVER;
	SAY(&why, signal_ended_unsent);
	store_signal_put(s->e->store, r, &why);
}

/* Whatever is said after its end is told, be it the same. */
static void
forget_outcome(struct saying *s, struct signal_row *r)
{
	static const unsigned char none[sizeof(r->outcome)];

	if (memcmp(r->outcome, none, sizeof(none)) == 0)
		return;
	memset(r->outcome, 0, sizeof(r->outcome));
	store_signal_put(s->e->store, r, NULL);
}

size_t
engine_signal_end(struct saying *s)
{
	struct live l = find_all(s);
	size_t ended = 0;
	struct alert a;

	for (size_t i = 0; i < l.count; i++) {
		struct signal_row *r = &l.rows[i];

		store_cover_end(s->e->store, r->source, r->ref);
		if (r->id == s->row.id)
			continue;
		if (!r->alert) {
			end_unsent(s, r);
			ended++;
			continue;
		}
		if (!store_alert_get(s->e->store, r->alert, &a) || is_over(s, r->alert)) {
			forget_outcome(s, r);
			continue;
		}
		ended++;
		if (!may_end(s, &a))
			continue;
		forget_outcome(s, r);
		s->row.alert = a.id;
		end_alert(s, r);
	}
	free(l.rows);
	return ended;
}

/* -- messages of several parts -- */

static void
add_places(struct places *p, const struct saying *s)
{
	p->list = xrealloc(p->list, (p->count + s->place_count + 1) * sizeof(*p->list));
	if (s->place_count)
		memcpy(p->list + p->count, s->places, s->place_count * sizeof(*p->list));
	p->count += s->place_count;
}

void
engine_whole_add(struct saying *s)
{
	struct whole *w = s->whole;
	bool alarms = s->rule && s->rule->trust != RULE_NOTE && !s->only_noted;

	w->judged++;
	w->alarming += alarms;
	add_places(alarms ? &w->told : &w->cleared, s);
	if (!alarms || !s->row.alert)
		return;
	w->alerts = xrealloc(w->alerts, (w->alert_count + 1) * sizeof(*w->alerts));
	w->alerts[w->alert_count++] = s->row.alert;
}

static bool
holds_place(const struct places *p, division_code code)
{
	for (size_t i = 0; i < p->count; i++)
		if (division_contains(p->list[i], code))
			return true;
	return false;
}

/* What the message says now of all places of that alert. */
enum rest { REST_LEFT_OUT, REST_TOLD, REST_CLEARED };

static enum rest
rest_of(const struct whole *w, const struct alert *a)
{
	struct alert_request *was = request_decode(a->body);
	enum rest rest = was->division_count ? REST_CLEARED : REST_LEFT_OUT;

	for (size_t i = 0; i < was->division_count && rest; i++) {
		if (holds_place(&w->told, was->divisions[i]))
			rest = REST_TOLD;
		else if (!holds_place(&w->cleared, was->divisions[i]))
			rest = REST_LEFT_OUT;
	}
	alert_request_free(was);
	return rest;
}

static void
end_rest(struct saying *s, struct signal_row *r, const struct alert *a)
{
	enum rest rest = rest_of(s->whole, a);
	struct said task;

	if (rest == REST_LEFT_OUT) {
		SAY(&task, task_signal_left_out, s->conf->name, NUM(a->id),
		    NUM(s->whole->alert_count ? s->whole->alerts[0] : 0));
		engine_signal_task(s, &task);
	} else if (may_end(s, a)) {
		forget_outcome(s, r);
		if (rest == REST_CLEARED)
			end_alert(s, r);
		else
			cancel_by(s, NULL, a->id, false);
	}
}

static bool
goes_on(const struct whole *w, int64_t alert)
{
	for (size_t i = 0; i < w->alert_count; i++)
		if (w->alerts[i] == alert)
			return true;
	return false;
}

void
engine_whole_end(struct saying *s)
{
	struct live l = { 0 };
	struct alert a;

	if (s->signal->act != SIGNAL_UPDATE || !s->whole->judged)
		return;
	if (!s->whole->alarming) {	/* its verdict is that nobody is to be told */
		if (engine_signal_end(s) && s->row.id)
			store_signal_put(s->e->store, &s->row, NULL);
		return;
	}
	l = find_all(s);
	for (size_t i = 0; i < l.count && s->whole->alert_count; i++)
		if (l.rows[i].alert && !goes_on(s->whole, l.rows[i].alert) &&
		    store_alert_get(s->e->store, l.rows[i].alert, &a) && alert_is_open(a.state))
			end_rest(s, &l.rows[i], &a);
	free(l.rows);
}

void
engine_whole_fini(struct whole *w)
{
	free(w->told.list);
	free(w->cleared.list);
	free(w->alerts);
	*w = (struct whole){ 0 };
}
