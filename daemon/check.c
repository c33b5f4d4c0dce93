/* check.c -- gongd --check: what is wrong with the settings, the machine and the lists, and what no route
 * could send.  It reads, asks, and changes nothing. */
#include "daemon/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/cause.h"
#include "daemon/check/check.h"
#include "daemon/owner.h"
#include "daemon/settings/settings.h"
#include "daemon/store/fits.h"
#include "daemon/web/site.h"

/* The console may be missing and gongd runs all the same; whoever checks wants to know. */
static void
check_console(struct report *r, const struct settings *s)
{
	struct site *site;
	struct err err = { 0 };

	if (!s->console)
		return;
	if (site_load(&site, s->console, &err) < 0) {
		report_said(r, REPORT_ERROR, "console", &err.said);
		return;
	}
	site_unref(site);
}

static void
say_all_right(const struct report *r, const char *path, const struct settings *s)
{
	struct said said, warnings;
	char text[2 * SAID_BYTES];

	SAY(&said, check_all_right, path, NUM(s->template_count), NUM(s->policy_count), NUM(s->route_count),
	    NUM(s->client_count), NUM(s->source_count));
	if (r->warnings) {
		SAY(&warnings, check_but_warnings, NEST(&said), NUM(r->warnings));
		said = warnings;
	}
	said_render(&said, r->lang, text, sizeof(text));
	puts(text);
}

static msec
wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A start makes the state folder, but none above it. */
static bool
can_be_made(const char *state_dir)
{
	const char *slash = strrchr(state_dir, '/');
	struct buf above = { 0 };
	bool there;

	if (slash)
		buf_printf(&above, "%.*s/", (int)(slash - state_dir), state_dir);
	there = !slash || access(above.data, F_OK) == 0 || errno == EACCES;
	buf_fini(&above);
	return there;
}

/* What stands in the store, and the ladders by it; there is none before the first start. */
static void
check_store(struct report *r, const struct settings *s, msec now)
{
	struct survey *survey = NULL;
	struct buf path = { 0 };
	struct err err = { 0 };
	msec last = 0;

	buf_printf(&path, "%s/gong.db", s->state_dir);
	if (!can_be_made(s->state_dir))
		REPORT(r, REPORT_ERROR, "store", check_state_nowhere, s->state_dir);
	else if (access(path.data, F_OK) < 0 && errno == ENOENT)
		REPORT(r, REPORT_OK, "store", check_no_store, path.data);
	else if (store_fits(path.data, &err) < 0 || survey_open(&survey, path.data, &err) < 0)
		report_said(r, REPORT_ERROR, "store", &err.said);
	if (survey) {
		last = survey_last_instant(survey);
		check_lists(r, s, survey, now);
		check_ladders(r, s, survey, now);
		if (survey_failed(survey))
			REPORT(r, REPORT_ERROR, "store", check_store_unread, path.data);
	}
	check_machine(r, s, now, last);
	survey_close(survey);
	buf_fini(&path);
}

static void
look_at_all(struct report *r, const struct settings *s, msec now)
{
	struct err err = { 0 };

	if (become_owner(s->state_dir, &err) < 0) {
		report_said(r, REPORT_ERROR, "state_dir", &err.said);
		return;
	}
	check_texts(r, s);
	check_routes(r, s);
	check_console(r, s);
	check_sources(r, s, now);
	check_secrets(r, s, now);
	check_store(r, s, now);
}

/* What a file has wrong is an error; what could only be meant in one way was read so. */
static void
hear(void *ctx, bool fault, const struct said *said)
{
	report_said(ctx, fault ? REPORT_ERROR : REPORT_WARNING, "settings", said);
}

int
check_run(const char *path, int lang, bool json)
{
	struct report r = { .lang = lang < 0 ? report_lang() : (enum lang)lang, .json = json };
	struct settings *s;
	const struct settings_listener listener = { hear, &r };

	signal(SIGPIPE, SIG_IGN);
	if (settings_load(&s, path, &listener, NULL) == 0) {
		setenv("TZ", s->timezone, 1);
		tzset();
		look_at_all(&r, s, wall_clock());
		if (!r.errors && !json)
			say_all_right(&r, path, s);
		settings_unref(s);
	}
	return report_end(&r);
}

static int
look_at_store(const struct settings *s, struct err *err)
{
	struct buf path = { 0 };
	struct stat st;
	int rc = 0;

	buf_printf(&path, "%s/gong.db", s->state_dir);
	if (stat(path.data, &st) == 0)
		rc = store_fits(path.data, err);
	buf_fini(&path);
	return rc;
}

int
check_store_run(const char *path, int lang)
{
	struct report r = { .lang = lang < 0 ? report_lang() : (enum lang)lang };
	const struct settings_listener listener = { hear, &r };
	struct err err = { 0 };
	struct settings *s;
	int rc = 2;

	if (settings_load(&s, path, &listener, NULL) < 0)
		return rc;
	if (become_owner(s->state_dir, &err) == 0)
		rc = look_at_store(s, &err) < 0;
	if (rc)
		report_said(&r, REPORT_ERROR, "store", &err.said);
	settings_unref(s);
	return rc;
}
