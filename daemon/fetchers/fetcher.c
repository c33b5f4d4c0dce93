/* fetcher.c -- one source's child: its program, its first line, and what follows on its end. */
#include "daemon/fetchers/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

#define CHANGE_GRACE_MS 5000		/* for one whose options change or whose source goes */

static char *
on_program(void *owner, struct err *err)
{
	const struct fetcher *f = owner;

	return settings_program(f->settings, f->conf->fetch, err);
}

static void
on_born(void *owner)
{
	struct fetcher *f = owner;
	struct buf line = { 0 };

	buf_puts(&line, "{\"op\":\"open\",\"protocol\":1,\"source\":");
	buf_json(&line, f->conf->name);
	buf_puts(&line, ",\"config\":");
	buf_puts(&line, f->conf->config);
	buf_puts(&line, ",\"keep\":");
	buf_json(&line, f->keep);
	buf_puts(&line, "}");
	child_queue(f->child, &line);
	buf_fini(&line);
}

static void
on_read(void *owner)
{
}

static void
on_muttered(void *owner, const char *line)
{
	const struct fetcher *f = owner;

	if (line)
		f->all->ports.log(f->all->ports.ctx, LOG_STORY, "fetcher says source=%s: %s", f->conf->name, line);
}

static const char *
on_late(void *owner, msec now)
{
	return NULL;
}

static enum child_next
on_ended(void *owner, const char *reason, bool for_good, enum child_blame blame)
{
	struct fetcher *f = owner;
	bool anew = f->anew && !f->removed, stays = for_good && !anew;

	bool asked = f->anew || f->removed || children_are_stopping(f->all->children);

	offers_process_ended(f);
	health_ended(f, reason, asked);
	if (!asked)
		f->all->ports.log(f->all->ports.ctx, stays ? LOG_ERROR : LOG_WARNING,
				  "fetcher lost source=%s for_good=%d reason=\"%s\"", f->conf->name, stays,
				  ENGLISH(reason));
	f->anew = false;
	return f->removed ? CHILD_NEVER : anew ? CHILD_ANEW : CHILD_AS_IT_WAS;
}

static const struct child_ops fetcher_ops = {
	.program = on_program, .born = on_born, .line = events_line, .read = on_read,
	.muttered = on_muttered, .late = on_late, .ended = on_ended,
};

static void
set(struct fetcher *f, struct settings *settings, const struct source_conf *conf)
{
	settings_ref(settings);
	settings_unref(f->settings);
	f->settings = settings;
	f->conf = conf;
}

/* One that waits, or has stopped, has none to close. */
static void
begin_anew(struct fetcher *f)
{
	enum child_state state = child_state(f->child);

	health_anew(f);
	if (state == CHILD_WAITING || state == CHILD_STOPPED) {
		child_wake(f->child);
		return;
	}
	f->anew = true;
	if (state != CHILD_CLOSING)
		child_close(f->child, CHANGE_GRACE_MS);
}

void
fetcher_takes(struct fetcher *f, struct settings *settings, const struct source_conf *conf)
{
	bool same = !f->removed && source_same_fetch(f->settings, f->conf, settings, conf);

	f->removed = false;
	set(f, settings, conf);
	if (!same)
		begin_anew(f);
	else if (child_state(f->child) == CHILD_STOPPED)
		begin_anew(f);		/* somebody may have mended it */
}

void
fetcher_leaves(struct fetcher *f)
{
	if (f->removed)
		return;
	f->removed = true;
	child_close(f->child, CHANGE_GRACE_MS);
}

bool
fetcher_is_gone(const struct fetcher *f)
{
	return f->removed && child_state(f->child) == CHILD_STOPPED && child_is_buried(f->child);
}

/* FNV-1a: its back-off is its own. */
static uint64_t
seed_of(const char *name)
{
	uint64_t hash = 14695981039346656037u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return hash;
}

struct fetcher *
fetcher_new(struct fetchers *all, struct settings *settings, const struct source_conf *conf, const char *keep)
{
	struct fetcher *f = xcalloc(1, sizeof(*f));

	*f = (struct fetcher){ .all = all, .settings = settings_ref(settings), .conf = conf,
			       .keep = xstrdup(keep) };
	say_init(f);
	f->child = child_new(all->children, &fetcher_ops, f, seed_of(conf->name));
	offers_init(f);
	child_wake(f->child);
	return f;
}

void
fetcher_free(struct fetcher *f)
{
	child_free(f->child);
	offers_fini(f);
	health_fini(f);
	settings_unref(f->settings);
	free(f->keep);
	free(f);
}
