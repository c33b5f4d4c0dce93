/* reset.c -- a driver asks that its device be taken off and put back: gongd runs the route's
 * reset_command, once a minute at most, and says how that went.  The driver names the device and
 * nothing else, for it is confined and the command is not. */
#include "daemon/routes/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVERY_MS MINUTES(1)		/* from one start to the next */
#define LIMIT_MS MINUTES(1)
#define DEVICE_MAX 255

static void
answer(struct driver *d, const char *reason)
{
	struct buf line = { 0 };

	if (reason && flow_noise(d))	/* one that asks without end fills no log */
		d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "reset command failed route=%s "
				     "reason=\"%s\"", d->conf->name, reason);
	if (child_starts(d->child) != d->reset.life || !child_hears(d->child))
		return;			/* who asked is gone */
	buf_printf(&line, "{\"op\":\"reset\",\"ok\":%s", reason ? "false,\"reason\":" : "true");
	if (reason)
		buf_json(&line, reason);
	buf_puts(&line, "}");
	child_queue(d->child, &line);
	buf_fini(&line);
}

static void
on_said(void *owner, const char *line)
{
	struct driver *d = owner;

	d->routes->ports.log(d->routes->ports.ctx, LOG_STORY, "reset command says route=%s: %s",
			     d->conf->name, line);
}

static void
on_ended(void *owner, int status, bool cut)
{
	struct driver *d = owner;
	char reason[80];

	d->reset.run = NULL;
	if (cut)
		snprintf(reason, sizeof(reason), "it was ended after %d s", (int)(LIMIT_MS / 1000));
	else
		snprintf(reason, sizeof(reason), "it ended with status %d%s", status,
			 status == 127 ? ": is there such a program?" : "");
	answer(d, cut || status ? reason : NULL);
}

/* It becomes an argument of a program that is not confined: a path, and nothing that a shell or an
 * option parser takes for something else. */
static bool
is_device(const char *name)
{
	return name && *name == '/' && strlen(name) <= DEVICE_MAX && !strstr(name, "/../") &&
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			     "/._-:,+@#=~%") == strlen(name);
}

static void
run(struct driver *d, const char *device)
{
	static const struct run_ops ops = { .said = on_said, .ended = on_ended };
	const char *argv[] = { d->conf->reset_command, device, NULL };

	d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "reset command runs route=%s device=%s",
			     d->conf->name, device);
	d->reset.ran_at = d->routes->ports.now(d->routes->ports.ctx);
	d->reset.has_run = true;
	d->reset.run = run_start(d->routes->children, argv, LIMIT_MS, &ops, d);
	if (!d->reset.run)
		answer(d, strerror(errno));
}

void
reset_asked(struct driver *d, const char *device)
{
	msec now = d->routes->ports.now(d->routes->ports.ctx);

	d->reset.life = child_starts(d->child);
	if (d->reset.run) {		/* its process before this one asked: the end of it is the answer */
		flow_noise(d);
		return;
	}
	if (!d->conf->reset_command)
		answer(d, "the route has no reset_command");
	else if (!is_device(device))
		answer(d, "its device is no path");
	else if (d->reset.has_run && now < d->reset.ran_at + EVERY_MS)
		answer(d, "it ran less than a minute ago");
	else if (!children_are_stopping(d->routes->children))
		run(d, device);
}

void
reset_forget(struct driver *d)
{
	if (d->reset.run)
		run_forget(d->reset.run);
	d->reset.run = NULL;
}
