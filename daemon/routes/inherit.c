/* inherit.c -- what the gongd before this one left with a route.  Its driver hears of its death by a
 * SIGTERM, finishes what it has begun and ends within seconds; until then it may still send, and hold
 * the device.  So nothing is decided about what it has, and no other process starts, before it is gone.
 * Other routes do not wait. */
#include "daemon/routes/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 50			/* between two looks */
#define PATIENCE_MS SECONDS(12)		/* a driver that is left alone ends within ten */

static msec
now_of(const struct driver *d)
{
	return d->routes->ports.now(d->routes->ports.ctx);
}

static struct command *
lost_new(const struct driver *d)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, d->id);

	cmd->lost.last_life = cmd->lost.asked = true;
	cmd->lost.reason = xstrdup(WORD(stopped_in_hand));
	return cmd;
}

/* Options or a removal that came meanwhile take effect now. */
static void
begin(struct driver *d)
{
	struct command *cmd = lost_new(d);

	d->begun = true;
	if (d->slots)
		slots_inherited(d->slots, cmd);
	cmd->lost.gone = d->gone = d->removed;
	if (d->next && !d->removed)
		options_follow(d, cmd);
	flow_submit(d, cmd);
	if (!d->gone)
		child_wake(d->child);
}

/* Without a page it goes on as it always did: then all that was in hand is in doubt.  One that lies
 * there and can be used another time knows nothing of what is given out now. */
static void
do_without(struct driver *d, const char *reason)
{
	d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "route has no page name=%s reason=\"%s\"",
			     d->conf->name, reason);
	slots_remove(d->page_folder, d->conf->name);
	slots_close(d->slots);
	d->slots = NULL;
}

static void
look_again(struct driver *d)
{
	struct timeval soon = { 0, LOOK_MS * 1000 };

	event_add(d->heir, &soon);
}

/* It holds the page longer than a driver may: one that hangs, or that is not ours to kill.  When even
 * SIGKILL does not end it (a device that the kernel waits for), its people cannot wait: all that it has
 * is in doubt, and goes by other ways.  This one stays closed. */
static void
end_patience(struct driver *d)
{
	bool again = d->heir_killed;

	if (!again)
		d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "driver of the last run killed "
				     "route=%s reason=\"it still runs after %d s\"", d->conf->name,
				     (int)(PATIENCE_MS / 1000));
	else if (!d->heir_given_up)
		d->routes->ports.log(d->routes->ports.ctx, LOG_ERROR, "driver of the last run cannot be "
				     "ended route=%s", d->conf->name);
	if (again && !d->heir_given_up)
		flow_submit(d, lost_new(d));
	d->heir_given_up = again;
	d->heir_killed = true;
	slots_kill_holder(d->slots);
	d->heir_since = now_of(d);
}

static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	bool ours = slots_lock(d->slots);

	if (!ours && errno == EWOULDBLOCK) {
		if (now_of(d) - d->heir_since >= PATIENCE_MS)
			end_patience(d);
		look_again(d);
		return;
	}
	if (!ours)
		do_without(d, strerror(errno));
	inherit_end(d);
	begin(d);
}

char *
inherit_page_folder(const struct settings *s)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/page", s->state_dir);
	return buf_take(&path);
}

void
inherit_begin(struct driver *d)
{
	d->page_folder = inherit_page_folder(d->settings);
	d->slots = slots_open(d->page_folder, d->conf->name);
	if (!d->slots) {
		do_without(d, strerror(errno));
		begin(d);
		return;
	}
	d->heir_since = now_of(d);
	d->heir = event_new(d->routes->base, -1, 0, on_look, d);
	on_look(-1, 0, d);
	if (d->heir)
		d->routes->ports.log(d->routes->ports.ctx, LOG_STORY, "driver of the last run still runs "
				     "route=%s", d->conf->name);
}

void
inherit_end(struct driver *d)
{
	if (d->heir)
		event_free(d->heir);
	d->heir = NULL;
}
