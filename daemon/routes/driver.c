/* driver.c -- one route's driver: its program, its first line, and what is told of its end. */
#include "daemon/routes/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/page.h"

#define CHANGE_GRACE_MS 5000		/* for a driver whose options change or whose route goes */

static char *
on_program(void *owner, struct err *err)
{
	const struct driver *d = owner;

	return settings_program(d->settings, d->conf->driver, err);
}

#define PLACE_OF(fd) ((fd) - STDERR_FILENO - 1)

static void
on_files(void *owner, int files[CHILD_FILES])
{
	struct driver *d = owner;

	journal_for_next(d);
	files[PLACE_OF(JOURNAL_FD)] = d->journal;
	if (d->slots)
		files[PLACE_OF(PAGE_FD)] = slots_fd(d->slots);
}

static void
on_born(void *owner)
{
	struct driver *d = owner;
	struct buf line = { 0 };

	d->marks = false;		/* until it says so */
	if (d->slots)
		slots_note_process(d->slots, child_pid(d->child));
	ops_open(&line, d);
	child_queue(d->child, &line);
	buf_fini(&line);
	journal_drop(d);		/* it is the process's now, and so is the lock on it */
}

static void
on_read(void *owner)
{
	events_flush(owner);
}

static void
on_muttered(void *owner, const char *line)
{
	struct driver *d = owner;

	if (line)
		d->routes->ports.log(d->routes->ports.ctx, LOG_STORY, "driver says route=%s: %s",
				     d->conf->name, line);
	else
		flow_muttered(d);
}

static const char *
on_late(void *owner, msec now)
{
	const struct driver *d = owner;

	return d->oldest.next != &d->oldest && d->oldest.next->deadline_at <= now
		? WORD(child_late) : NULL;
}

/* It has no process that could end: the engine hears of the change at once. */
static void
change_without_process(struct driver *d, const char *reason)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, d->id);

	cmd->lost.reason = xstrdup(reason);
	cmd->lost.gone = d->gone = d->removed;
	if (d->removed)
		child_close(d->child, 0);	/* its back-off ends, too: nothing starts any more */
	else
		options_follow(d, cmd);
	flow_submit(d, cmd);
	if (!d->removed)
		child_wake(d->child);
}

/* One, or maybe one of the gongd before this one: its end is told of all the same. */
static bool
has_process(const struct driver *d)
{
	enum child_state state = child_state(d->child);

	return !d->begun || (state != CHILD_WAITING && state != CHILD_STOPPED);
}

static void
close_process(struct driver *d)
{
	if (d->begun && child_state(d->child) != CHILD_CLOSING)
		child_close(d->child, CHANGE_GRACE_MS);
}

void
driver_resume(struct driver *d)
{
	if (d->begun)
		child_wake(d->child);
}

bool
driver_takes(struct driver *d, struct settings *settings, const struct route_conf *conf)
{
	bool back = d->removed;

	d->removed = false;
	if (!back && route_conf_same_driver(d->next ? d->next_settings : d->settings,
					    d->next ? d->next : d->conf, settings, conf)) {
		if (d->next)
			options_set(&d->next_settings, &d->next, settings, conf);
		else
			options_set(&d->settings, &d->conf, settings, conf);
		if (child_state(d->child) == CHILD_STOPPED)
			child_wake(d->child);	/* somebody may have mended it */
		return false;
	}
	options_set(&d->next_settings, &d->next, settings, conf);
	if (has_process(d))
		close_process(d);
	else
		change_without_process(d, NULL);
	return true;
}

void
driver_leaves(struct driver *d)
{
	if (d->removed)
		return;
	d->removed = true;
	options_set(&d->next_settings, &d->next, NULL, NULL);
	if (has_process(d))
		close_process(d);
	else
		change_without_process(d, WORD(route_removed));
}

/* What was still with a driver that is gone and may have left is in doubt; the rest never left. */
static enum child_next
on_ended(void *owner, const char *reason, bool for_good, enum child_blame blame)
{
	struct driver *d = owner;
	struct command *cmd = command_new(CMD_ROUTE_LOST, d->id);
	struct item item;
	bool anew;

	callbacks_lost(d);
	json_decref(d->confined);
	d->confined = NULL;
	cmd->lost.written = xcalloc(d->items.count + 1, sizeof(uint64_t));
	cmd->lost.unwritten = xcalloc(d->items.count + 1, sizeof(uint64_t));
	while (items_take(d, &item)) {
		if (items_may_have_left(d, &item))
			cmd->lost.written[cmd->lost.written_count++] = item.id;
		else
			cmd->lost.unwritten[cmd->lost.unwritten_count++] = item.id;
	}
	table_fini(&d->items, NULL);
	cmd->lost.reason = xstrdup(reason);
	cmd->lost.gone = d->gone = d->removed;
	anew = !d->removed && options_follow(d, cmd);
	cmd->lost.fatal = for_good && !anew && !d->removed;
	cmd->lost.hung = blame == CHILD_HUNG;
	cmd->lost.cut = blame == CHILD_CUT;
	cmd->lost.asked = children_are_stopping(d->routes->children) || anew || d->removed;
	if (d->slots && slots_torn(d->slots))
		d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "driver cut its page short route=%s",
				     d->conf->name);
	events_flush(d);
	flow_flush(d);
	flow_submit(d, cmd);
	return d->gone ? CHILD_NEVER : anew ? CHILD_ANEW : CHILD_AS_IT_WAS;
}

static const struct child_ops driver_ops = {
	.program = on_program, .files = on_files, .born = on_born, .line = events_read, .read = on_read,
	.muttered = on_muttered, .late = on_late, .ended = on_ended,
};

struct driver *
driver_new(struct routes *r, struct settings *settings, const struct route_conf *conf, int64_t id,
	   const char *keep)
{
	struct driver *d = xcalloc(1, sizeof(*d));

	*d = (struct driver){ .routes = r, .conf = conf, .settings = settings_ref(settings),
			      .id = id, .keep = xstrdup(keep), .journal = -1 };
	d->oldest.next = d->oldest.prev = &d->oldest;
	d->child = child_new(r->children, &driver_ops, d, (uint64_t)id);
	flow_init(d);
	return d;
}

void
driver_free(struct driver *d)
{
	bool ended = d->gone || (d->begun && child_is_buried(d->child));
	struct item item;

	callbacks_forget(d);
	reset_forget(d);
	flow_fini(d);
	inherit_end(d);
	child_free(d->child);
	/* After an orderly stop nothing is in hand.  A gongd that knows no page may run next, and what it
	 * leaves with drivers would not be in this one. */
	if (d->slots && ended)
		slots_remove(d->page_folder, d->conf->name);
	slots_close(d->slots);
	free(d->page_folder);
	journal_drop(d);
	while (items_take(d, &item))
		;
	table_fini(&d->items, NULL);
	if (d->done)
		command_free(d->done);
	settings_unref(d->settings);
	settings_unref(d->next_settings);
	settings_unref(d->last_settings);
	json_decref(d->confined);
	free(d->keep);
	free(d);
}
