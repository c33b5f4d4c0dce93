/* restore.c -- gongd --restore: a copy takes the store's place, and whoever does it hears what is lost. */
#include "daemon/restore.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/check/report.h"
#include "daemon/heard.h"
#include "daemon/owner.h"
#include "daemon/settings/settings.h"
#include "daemon/store/guard.h"
#include "daemon/store/restore.h"
#include "files/instant.h"

struct work {
	enum lang lang;
	const char *file, *by;
	char *store;
	bool yes;
};

static void
say(const struct work *w, FILE *out, const struct said *said)
{
	char text[2 * SAID_BYTES];

	said_render(said, w->lang, text, sizeof(text));
	fprintf(out, "%s\n", text);
}
#define TELL(w, out, ...) \
	do { \
		struct said said_; \
		SAY(&said_, __VA_ARGS__); \
		say((w), (out), &said_); \
	} while (0)

static msec
wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
tell_losses(const struct work *w, const struct restore *r)
{
	struct buf summary = { 0 };

	if (!losses_any(restore_losses(r)))
		return;
	losses_summary(restore_losses(r), w->lang, &summary);
	TELL(w, stdout, restore_would_lose, w->store, w->file);
	fputs(summary.data, stdout);
	buf_fini(&summary);
}

static void
tell_done(const struct work *w, const struct restore *r)
{
	const struct epoch_done *held = restore_held(r);
	char at[INSTANT_LOCAL];

	TELL(w, stdout, restore_done, w->file, instant_local(at, restore_copied_at(r)), NUM(held->alerts),
	     NUM(held->messages), NUM(held->signals));
	if (restore_kept(r))
		TELL(w, stdout, restore_kept, restore_kept(r));
	if (restore_list(r))
		TELL(w, stdout, restore_list, restore_list(r));
	TELL(w, stdout, restore_start);
}

static int
put_back(const struct work *w, struct err *err)
{
	struct restore *r;
	bool refused;
	int rc;

	if (restore_prepare(&r, w->store, w->file, w->by, wall_clock(), w->lang, err) < 0)
		return -1;
	tell_losses(w, r);
	refused = losses_any(restore_losses(r)) && !w->yes;
	rc = refused ? err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_say_yes, w->file)
		: restore_install(r, err);
	if (rc == 0)
		tell_done(w, r);
	restore_free(r);
	return rc;
}

static int
work_on(struct work *w, const struct settings *s, struct err *err)
{
	struct guard *lock = NULL;
	struct buf path = { 0 };
	int rc;

	buf_printf(&path, "%s/gong.db", s->state_dir);
	w->store = path.data;
	setenv("TZ", s->timezone, 1);
	tzset();
	umask(027);
	rc = become_owner(s->state_dir, err);
	if (rc == 0)
		rc = guard_lock(&lock, w->store, err);
	if (rc == 0)
		rc = put_back(w, err);
	guard_close(lock);
	buf_fini(&path);
	return rc;
}

int
restore_run(const char *config, const char *file, bool yes, int lang)
{
	const struct passwd *who = getpwuid(getuid());
	struct work w = { .lang = lang < 0 ? report_lang() : (enum lang)lang, .yes = yes };
	char *by = xstrdup(who ? who->pw_name : "?");
	char *whole = realpath(file, NULL);
	struct settings *s = NULL;
	struct err err = { 0 };
	int rc;

	w.by = by;
	w.file = whole ? whole : file;
	rc = settings_load(&s, config, &heard_in_log, &err);
	if (rc == 0)
		rc = work_on(&w, s, &err);
	if (rc < 0) {
		fflush(stdout);
		fputs("gongd: ", stderr);
		say(&w, stderr, &err.said);
	}
	settings_unref(s);
	free(whole);
	free(by);
	return rc < 0 ? 1 : 0;
}
