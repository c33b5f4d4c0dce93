/* signal_want.c -- from a signal and its rule to a request, and no further than the source may go. */
#include "daemon/engine/signal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment.h"

static bool
is_ours(struct saying *s, division_code code)
{
	for (size_t i = 0; i < s->conf->division_count; i++) {
		const struct division_range *r = &s->conf->divisions[i], mine = division_range(code);

		if (mine.first >= r->first && mine.last <= r->last)
			return true;
	}
	return !s->conf->division_count;
}

/* A place that holds the source's own ones is cut down to them; one beside them is left out. */
static void
cut_down(struct saying *s, division_code wide, division_code *out, size_t *count)
{
	for (size_t i = 0; i < s->conf->division_count && *count < SIGNAL_CODES_MAX; i++)
		if (division_contains(wide, s->conf->division_list[i]))
			out[(*count)++] = s->conf->division_list[i];
}

void
engine_signal_places(struct saying *s)
{
	division_code *all = xcalloc(SIGNAL_CODES_MAX, sizeof(*all));
	size_t count = rule_divisions(s->signal, all, SIGNAL_CODES_MAX, &s->unknown);

	s->places = xcalloc(SIGNAL_CODES_MAX, sizeof(*s->places));
	for (size_t i = 0; i < count; i++) {
		size_t before = s->place_count;

		if (!is_ours(s, all[i]))
			cut_down(s, all[i], s->places, &s->place_count);
		else if (store_division_get(s->e->store, all[i], NULL, NULL) && before < SIGNAL_CODES_MAX)
			s->places[s->place_count++] = all[i];
		s->unknown += s->place_count == before;
	}
	free(all);
}

static char **
copy_strings(char *const *from, size_t count)
{
	char **out = xcalloc(count + 1, sizeof(*out));

	for (size_t i = 0; i < count; i++)
		out[i] = xstrdup(from[i]);
	return out;
}

char *
engine_signal_param(const struct template *t, const struct rule_param *p, const struct signal *s, enum lang lang)
{
	const struct param *its = t ? template_param(t, p->name) : NULL;
	struct rule_param within = *p;

	if (its && its->max && (!p->max || its->max < p->max))
		within.max = its->max;
	return rule_param_value(&within, s, lang);
}

/* A text that was sent in both languages goes on in both. */
static void
add_param(struct alert_request *r, const struct template *t, const struct rule_param *p, const struct signal *s,
	  enum lang first)
{
	char *value = engine_signal_param(t, p, s, first);
	struct pair *pair = &r->params[r->param_count];

	if (!value)
		return;
	r->param_count++;
	pair->name = xstrdup(p->name);
	pair->value = value;
	if (p->from != RULE_TEXT || !signal_text(s, LANG_ZH, p->what) || !signal_text(s, LANG_EN, p->what))
		return;
	for (int lang = 0; lang < LANG_COUNT; lang++)
		pair->in[lang] = engine_signal_param(t, p, s, (enum lang)lang);
}

/* Kannel cuts a text that is too long for its parts, and says nothing; who writes to people must know. */
static bool
is_too_long(const struct saying *s, const struct template *text, size_t *most)
{
	for (size_t i = 0; s->conf->format == FORMAT_KANNEL && i < s->rule->then.param_count; i++) {
		const struct rule_param *p = &s->rule->then.params[i];
		const struct param *its = text ? template_param(text, p->name) : NULL;
		const char *said = p->from == RULE_TEXT ? signal_text(s->signal, LANG_EN, p->what) : NULL;

		*most = its && its->max && (!p->max || its->max < p->max) ? its->max : p->max;
		if (said && *most && utf8_characters(said) > *most)
			return true;
	}
	return false;
}

static void
take_audience(struct saying *s, struct alert_request *r)
{
	const struct rule_then *t = &s->rule->then;

	r->divisions = xcalloc((t->areas ? s->place_count : 0) + t->division_count + 1,
			       sizeof(*r->divisions));
	for (size_t i = 0; t->areas && i < s->place_count; i++)
		r->divisions[r->division_count++] = s->places[i];
	for (size_t i = 0; i < t->division_count; i++)
		r->divisions[r->division_count++] = t->divisions[i];
	r->roles = copy_strings(t->roles, t->role_count);
	r->role_count = t->role_count;
	r->contacts = copy_strings(t->contacts, t->contact_count);
	r->contact_count = t->contact_count;
}

/* What is over helps nobody; but the sender's clock may be wrong, so that this is never silent.  What a
 * person may release is good for as long as its rule says, from when it came. */
bool
engine_signal_expired(const struct saying *s, struct err *err)
{
	msec until = s->signal->expires_at;

	if (!until && s->row.state == SIGNAL_IS_HELD && s->rule && s->rule->then.validity_ms)
		until = msec_add(s->row.received_at, s->rule->then.validity_ms);
	if (!until || until > s->e->now)
		return false;
	err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_expired);
	return true;
}

/* The sender's own end where that is still to come, else the rule's, else the site's. */
static msec
expires_at(const struct saying *s)
{
	if (s->signal->expires_at > s->e->now)
		return s->signal->expires_at;
	return s->rule->then.validity_ms ? msec_add(s->e->now, s->rule->then.validity_ms) : 0;
}

/* Nothing real comes of a drill, whatever a rule says. */
enum signal_mode
engine_signal_mode(const struct saying *s, const struct rule *r)
{
	return s->signal->mode == SIGNAL_MODE_REAL ? r->then.mode : s->signal->mode;
}

struct alert_request *
engine_signal_request(struct saying *s)
{
	const struct rule_then *t = &s->rule->then;
	int severity = t->severity >= 0 ? t->severity : s->signal->severity;
	const struct template *text;
	struct alert_request *r;
	struct err err = { 0 };
	size_t most;

	if (severity < 0) {
		SAY(&s->why, signal_no_severity, s->rule->name);
		return NULL;
	}
	if (t->areas && !s->place_count && !t->division_count && !t->contact_count && !t->to) {
		SAY(&s->why, signal_no_place, NUM(s->unknown));
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->client = xstrdup(s->by.name);
	r->template = t->template ? xstrdup(t->template) : NULL;
	r->policy = xstrdup(t->policy);
	r->kind = xstrdup(t->kind ? t->kind : s->signal->kind);
	r->severity = (enum severity)severity;
	if (engine_settle_kind(s->e, r, &err) < 0) {
		s->why = err.said;
		alert_request_free(r);
		return NULL;
	}
	r->drill = engine_signal_mode(s, s->rule) == SIGNAL_MODE_DRILL;
	r->test = engine_signal_mode(s, s->rule) == SIGNAL_MODE_TEST;
	r->expires_at = expires_at(s);
	r->params = xcalloc(t->param_count + 1, sizeof(*r->params));
	text = settings_template(s->e->settings, r->template);
	for (size_t i = 0; i < t->param_count; i++)
		if (template_param(text, t->params[i].name))
			add_param(r, text, &t->params[i], s->signal, s->e->settings->default_lang);
	take_audience(s, r);
	if (t->to && engine_signal_to(s, r) < 0) {
		alert_request_free(r);
		return NULL;
	}
	if (is_too_long(s, text, &most)) {
		SAY(&s->why, signal_text_long, NUM(most));
		alert_request_free(r);
		return NULL;
	}
	engine_signal_outcome(r, r->digest);
	return r;
}

void
engine_signal_outcome(const struct alert_request *r, unsigned char out[32])
{
	char *body = request_encode(r);
	struct buf all = { 0 };

	buf_printf(&all, "%d %d %d %s\n%s", (int)r->severity, r->drill, r->test, r->kind ? r->kind : "", body);
	EVP_Digest(all.data, all.len, out, NULL, EVP_sha256(), NULL);
	buf_fini(&all);
	free(body);
}

static bool
kind_allowed(const struct source_conf *c, const char *kind)
{
	for (size_t i = 0; i < c->kind_count; i++)
		if (rule_glob(c->kinds[i], kind ? kind : ""))
			return true;
	return !c->kind_count;
}

/* Where its sender wants to hear of its messages. */
static int
check_callback(const struct saying *s, struct err *err)
{
	bool loopback;

	if (!s->signal->callback || source_may_call(s->conf, s->signal->callback, &loopback))
		return 0;
	return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), signal_dlr_host, s->conf->name);
}

int
engine_signal_allowed(struct saying *s, struct alert_request *r, struct err *err)
{
	const struct policy *p = r->policy ? settings_policy(s->e->settings, r->policy) : NULL;

	if (check_callback(s, err) < 0)
		return -1;
	if (!kind_allowed(s->conf, r->kind))
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_KIND), signal_kind_outside, s->conf->name,
			       QUOTE(r->kind ? r->kind : ""));
	return engine_may_send(s->e, &s->by, r, engine_ranks_with(r, p), err);
}
