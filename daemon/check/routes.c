/* routes.c -- templates by languages by routes: what no driver can send, and how many parts it takes.
 * What one route cannot send is a warning while another ordinary one can, else an error. */
#include "daemon/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cause.h"
#include "daemon/check/ask.h"
#include "daemon/routes/routes.h"
#include "daemon/settings/lint.h"

struct asked {
	struct report *report;
	const struct settings *settings;
	struct ask_answer *answers;	/* beside settings->routes */
};

static const char *
about_route(const struct route_conf *conf, char out[96])
{
	snprintf(out, 96, "route %s", conf->name);
	return out;
}
#define ABOUT(conf) about_route((conf), (char[96]){ 0 })

static const char *
field(json_t *problem, const char *name)
{
	return json_string_value(json_object_get(problem, name));
}

/* What a driver leaves away counts for all of them. */
static bool
is_same(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0;
}

/* Could it send what another route has that problem with?  One that is not checked is taken at
 * its word: a modem sends any text. */
static bool
can_send(const struct asked *c, size_t route, json_t *problem, enum channel channel)
{
	const struct ask_answer *a = &c->answers[route];
	json_t *other;
	size_t i;

	if (!c->settings->routes[route].channels[channel] || a->verdict == ASK_UNFIT)
		return false;
	json_array_foreach(a->problems, i, other)
		if (is_same(field(other, "template"), field(problem, "template")) &&
		    is_same(field(other, "language"), field(problem, "language")) &&
		    is_same(field(other, "channel"), channel_name(channel)))
			return false;
	return true;
}

/* Test alerts go by simulated routes only, all others by real ones only. */
static const struct route_conf *
other_route(const struct asked *c, size_t self, json_t *problem, enum channel channel)
{
	const struct route_conf *routes = c->settings->routes;

	for (size_t i = 0; i < c->settings->route_count; i++)
		if (i != self && !routes[i].backup &&
		    routes[i].simulated == routes[self].simulated &&
		    can_send(c, i, problem, channel))
			return &routes[i];
	return NULL;
}

static void
tell_problem(struct asked *c, size_t route, json_t *problem)
{
	const struct route_conf *conf = &c->settings->routes[route], *other = NULL;
	const char *template = field(problem, "template"), *language = field(problem, "language");
	const char *text = field(problem, "problem"), *only = field(problem, "channel");
	enum channel channel = CHANNEL_SMS;
	char which[160];

	for (int i = 0; i < CHANNEL_COUNT; i++) {
		if (!conf->channels[i] || !is_same(only, channel_name((enum channel)i)))
			continue;
		channel = (enum channel)i;
		other = other_route(c, route, problem, channel);
		if (!other)
			break;
	}
	snprintf(which, sizeof(which), "%s%s%s", template ? template : "?", language ? ", " : "",
		 language ? language : "");
	text = text ? text : WORD(check_no_words);
	if (other)
		REPORT(c->report, REPORT_WARNING, ABOUT(conf), check_other_can, conf->name, which, text,
		       other->name);
	else
		REPORT(c->report, REPORT_ERROR, ABOUT(conf), check_none_can, conf->name, which, text,
		       channel_name(channel));
}

static void
tell_answers(struct asked *c)
{
	const struct route_conf *routes = c->settings->routes;
	struct buf list = { 0 };
	json_t *problem;
	size_t i;

	for (size_t r = 0; r < c->settings->route_count; r++) {
		if (c->answers[r].verdict == ASK_UNFIT)
			REPORT(c->report, REPORT_ERROR, ABOUT(&routes[r]), check_route_unfit, routes[r].name,
			       NEST(&c->answers[r].err.said));
		json_array_foreach(c->answers[r].problems, i, problem)
			tell_problem(c, r, problem);
		if (c->answers[r].verdict == ASK_NOT_CHECKED)
			buf_printf(&list, "%s%s (%s)", list.len ? ", " : "", routes[r].name, routes[r].driver);
	}
	if (list.len)
		REPORT(c->report, REPORT_OK, "drivers", check_not_asked, list.data);
	buf_fini(&list);
}

/* It runs all the same, only with more in its reach. */
static void
tell_confined(struct asked *c, size_t route)
{
	const char *lacks = json_string_value(json_object_get(c->answers[route].confined, "lacks"));
	const struct route_conf *conf = &c->settings->routes[route];

	if (lacks)
		REPORT(c->report, REPORT_WARNING, ABOUT(conf), check_not_confined, conf->name, lacks);
}

/* gongd runs it in its own sandbox, and only when a modem hangs: better seen now. */
static void
look_at_reset(struct asked *c, const struct route_conf *conf)
{
	if (conf->reset_command && strchr(conf->reset_command, '/') &&
	    access(conf->reset_command, X_OK) != 0)
		REPORT(c->report, REPORT_WARNING, ABOUT(conf), check_no_reset, conf->name,
		       conf->reset_command, cause_word(errno));
}

struct longest {
	size_t texts;
	unsigned parts;
	const char *template;
	enum lang lang;
};

static void
measure(const struct lint_site *site, const struct template *t, struct longest *l)
{
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct lint_size size;
		struct buf text = { 0 };

		if (!lint_form(t, (enum lang)lang, LINT_SMS))
			continue;
		lint_size(t, site, (enum lang)lang, LINT_SMS, &size, &text);
		buf_fini(&text);
		l->texts++;
		if (size.parts <= l->parts)
			continue;
		l->parts = size.parts;
		l->template = t->name;
		l->lang = (enum lang)lang;
	}
}

/* A route that signs for itself carries the same text, with another signature. */
static void
tell_parts(struct asked *c, size_t route)
{
	const struct route_conf *conf = &c->settings->routes[route];
	struct lint_site site = settings_lint_site(c->settings);
	struct longest longest = { .parts = 0 };

	if (c->answers[route].verdict == ASK_UNFIT || !conf->channels[CHANNEL_SMS])
		return;
	for (int lang = 0; lang < LANG_COUNT && !conf->gong_signs; lang++)
		site.signature[lang] = "";
	for (size_t i = 0; i < c->settings->template_count; i++)
		measure(&site, c->settings->templates[i], &longest);
	if (longest.template)
		REPORT(c->report, REPORT_OK, ABOUT(conf), check_parts, conf->name,
		       NUM(longest.texts - json_array_size(c->answers[route].problems)), NUM(longest.parts),
		       longest.template, lang_name(longest.lang));
}

void
check_routes(struct report *r, const struct settings *s)
{
	struct asked c = { r, s, xcalloc(s->route_count + 1, sizeof(*c.answers)) };

	if (!s->route_count)
		REPORT(r, REPORT_WARNING, "routes", check_no_routes);
	for (size_t i = 0; i < s->route_count; i++) {
		struct buf line = { 0 };

		routes_check_line(&line, s, &s->routes[i]);
		ask_program(s, s->routes[i].driver, &line, &c.answers[i]);
	}
	tell_answers(&c);
	for (size_t i = 0; i < s->route_count; i++) {
		tell_confined(&c, i);
		look_at_reset(&c, &s->routes[i]);
		tell_parts(&c, i);
		ask_answer_fini(&c.answers[i]);
	}
	free(c.answers);
}
