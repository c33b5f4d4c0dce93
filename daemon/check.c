/* check.c -- gongd --check: what is wrong with the settings, and what no route could send.
 * What one route cannot send is a warning while another ordinary one can, else an error. */
#include "daemon/check.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/routes/routes.h"
#include "daemon/settings/lint.h"
#include "daemon/settings/settings.h"
#include "daemon/web/site.h"

struct check {
	const struct settings *settings;
	struct route_answer *answers;	/* beside settings->routes */
	size_t errors, warnings;
};

/* Run by root, the drivers are still to see what they will see in service. */
static int
become_owner(const char *state_dir, struct err *err)
{
	const struct passwd *owner;
	struct stat st;

	if (geteuid() != 0 || stat(state_dir, &st) < 0 || st.st_uid == 0)
		return 0;
	owner = getpwuid(st.st_uid);
	if (!owner || initgroups(owner->pw_name, owner->pw_gid) < 0 || setgid(owner->pw_gid) < 0 ||
	    setuid(owner->pw_uid) < 0)
		return err_set(err, "the drivers cannot be run as the owner of %s (%s); correct its "
			       "owner", state_dir, owner ? strerror(errno) : "no such user");
	return 0;
}

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
can_send(const struct check *c, size_t route, json_t *problem, enum channel channel)
{
	const struct route_answer *a = &c->answers[route];
	json_t *other;
	size_t i;

	if (!c->settings->routes[route].channels[channel] || a->verdict == ROUTE_UNFIT)
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
other_route(const struct check *c, size_t self, json_t *problem, enum channel channel)
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
print_problem(struct check *c, size_t route, json_t *problem)
{
	const struct route_conf *conf = &c->settings->routes[route], *other = NULL;
	const char *template = field(problem, "template"), *language = field(problem, "language");
	const char *text = field(problem, "problem"), *only = field(problem, "channel");
	enum channel channel = CHANNEL_SMS;

	for (int i = 0; i < CHANNEL_COUNT; i++) {
		if (!conf->channels[i] || !is_same(only, channel_name((enum channel)i)))
			continue;
		channel = (enum channel)i;
		other = other_route(c, route, problem, channel);
		if (!other)
			break;
	}
	c->warnings += other != NULL;
	c->errors += !other;
	fprintf(stderr, "%sroute \"%s\": template %s%s%s: %s; ", other ? "warning: " : "", conf->name,
		template ? template : "?", language ? ", " : "", language ? language : "",
		text ? text : "its driver does not say what is wrong");
	if (other)
		fprintf(stderr, "route \"%s\" can send it\n", other->name);
	else
		fprintf(stderr, "no other ordinary route for %s can send it\n", channel_name(channel));
}

static void
print_answers(struct check *c)
{
	const struct route_conf *routes = c->settings->routes;
	const char *before = "not checked, for their drivers do not know how: ";
	json_t *problem;
	size_t i;

	for (size_t r = 0; r < c->settings->route_count; r++) {
		if (c->answers[r].verdict == ROUTE_UNFIT) {
			fprintf(stderr, "route \"%s\": %s\n", routes[r].name, c->answers[r].err.text);
			c->errors++;
		}
		json_array_foreach(c->answers[r].problems, i, problem)
			print_problem(c, r, problem);
	}
	for (size_t r = 0; r < c->settings->route_count; r++) {
		if (c->answers[r].verdict != ROUTE_NOT_CHECKED)
			continue;
		printf("%s%s (%s)", before, routes[r].name, routes[r].driver);
		before = ", ";
	}
	if (*before == ',')
		putchar('\n');
}

/* It runs all the same, only with more in its reach. */
static void
print_confined(struct check *c, size_t route)
{
	const char *lacks = json_string_value(json_object_get(c->answers[route].confined, "lacks"));

	if (!lacks)
		return;
	fprintf(stderr, "warning: route \"%s\": its driver cannot confine itself wholly here: %s\n",
		c->settings->routes[route].name, lacks);
	c->warnings++;
}

static void
check_routes(struct check *c)
{
	size_t count = c->settings->route_count;

	c->answers = xcalloc(count + 1, sizeof(*c->answers));
	for (size_t i = 0; i < count; i++)
		routes_check(c->settings, &c->settings->routes[i], &c->answers[i]);
	print_answers(c);
	for (size_t i = 0; i < count; i++) {
		print_confined(c, i);
		json_decref(c->answers[i].problems);
		json_decref(c->answers[i].confined);
	}
	free(c->answers);
}

/* The console may be missing and gongd runs all the same; whoever checks wants to know. */
static void
check_console(struct check *c)
{
	struct site *site;
	struct err err = { 0 };

	if (!c->settings->console)
		return;
	if (site_load(&site, c->settings->console, &err) == 0) {
		site_unref(site);
		return;
	}
	fprintf(stderr, "%s\n", err.text);
	c->errors++;
}

/* Without it people who moved out hear nothing when their place falls out of a warning. */
static void
check_ending(struct check *c, const char *option, const char *name)
{
	if (settings_template(c->settings, name))
		return;
	fprintf(stderr, "warning: section site, %s: there is no template \"%s\"; whoever an alert reached "
		"hears nothing when another takes his place over\n", option, name);
	c->warnings++;
}

/* It goes on with a text that fits less well. */
static void
check_helpers(struct check *c)
{
	const struct settings *s = c->settings;

	for (size_t i = 0; i < s->policy_count; i++)
		for (size_t k = 0; k < s->policies[i]->step_count; k++) {
			const struct policy *p = s->policies[i];
			const struct policy_step *step = &p->steps[k];
			bool above = false;

			for (size_t f = 0; f < step->to_count; f++)
				above |= settings_is_above(s, p, step->to[f]);
			if (!above || settings_has_helper_text(s, p, step))
				continue;
			fprintf(stderr, "warning: policy \"%s\", step \"%s\": people above the targets are "
				"told by it, and it names no template; \"%s\" is used\n", p->name,
				step->name, settings_helper_template(s, p, step));
			c->warnings++;
		}
}

/* gongd runs it in its own sandbox, and only when a modem hangs: better seen now. */
static void
check_resets(struct check *c)
{
	for (size_t i = 0; i < c->settings->route_count; i++) {
		const struct route_conf *r = &c->settings->routes[i];

		if (!r->reset_command || !strchr(r->reset_command, '/') ||
		    access(r->reset_command, X_OK) == 0)
			continue;
		fprintf(stderr, "warning: route \"%s\", option reset_command: %s cannot be run: %s; "
			"install it, or correct the option\n", r->name, r->reset_command,
			strerror(errno));
		c->warnings++;
	}
}

/* As the terminal's messages are wanted: LC_ALL, else LC_MESSAGES, else LANG. */
static enum lang
reader(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strncmp(value, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
	}
	return LANG_EN;
}

static void
print_finding(void *ctx, const struct text_finding *f)
{
	struct check *c = ctx;
	struct buf line = { 0 };

	text_finding_render(f, reader(), &line);
	fputs(line.data, stderr);
	buf_fini(&line);
	c->errors += f->what.misleads;
	c->warnings += !f->what.misleads;
}

/* A site's own text in the place of a shipped one is no fault; that it is so must be seen. */
static void
print_own(const struct settings *s)
{
	for (size_t i = 0; i < s->document_count; i++)
		if (s->documents[i].instead_of)
			printf("note: %s \"%s\": %s stands before %s\n", s->documents[i].kind, s->documents[i].name,
			       s->documents[i].path, s->documents[i].instead_of);
}

static void
say_all_right(const char *path, const struct check *c)
{
	const struct settings *s = c->settings;

	printf("%s: %zu templates, %zu policies, %zu routes, %zu clients: all right", path,
	       s->template_count, s->policy_count, s->route_count, s->client_count);
	if (c->warnings)
		printf(", %zu warning%s", c->warnings, c->warnings > 1 ? "s" : "");
	putchar('\n');
}

int
check_run(const char *path)
{
	struct check c = { .errors = 0 };
	struct settings *s;
	struct buf report = { 0 };
	struct err err = { 0 };
	int status = 1;

	if (settings_load(&s, path, &report, &err) < 0) {
		fputs(report.data ? report.data : err.text, stderr);
	} else {
		c.settings = s;
		signal(SIGPIPE, SIG_IGN);
		if (become_owner(s->state_dir, &err) == 0) {
			print_own(s);
			settings_lint(s, print_finding, &c);
			check_routes(&c);
			check_console(&c);
			check_ending(&c, "end_left", s->end_left);
			check_ending(&c, "end_changed", s->end_changed);
			check_helpers(&c);
			check_resets(&c);
			status = c.errors > 0;
		} else {
			fprintf(stderr, "%s\n", err.text);
		}
		if (status == 0)
			say_all_right(path, &c);
		settings_unref(s);
	}
	buf_fini(&report);
	return status;
}
