/* routes.c -- all the driver children together: effects in, one watch over all of them. */
#include "daemon/routes/internal.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* A driver must say what became of an item within this time; drivers have shorter ones. */
#define SMS_DEADLINE_MS MINUTES(5)
#define CALL_DEADLINE_MS MINUTES(3)	/* beyond the ringing */

#define SWEEP_LATE_MS 2000		/* the loop itself did not run */

msec
routes_now(const struct routes *r)
{
	return r->ports.now(r->ports.ctx) - r->stood_still_ms;
}

static void
check_stopped(struct routes *r)
{
	void (*stopped)(void *ctx) = r->stopped;

	if (!r->stopping || !stopped)
		return;
	for (size_t i = 0; i < r->count; i++)
		if (r->children[i].state != CHILD_STOPPED)
			return;
	r->stopped = NULL;
	stopped(r->stopped_ctx);
}

static void
on_child_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct routes *r = ctx;
	siginfo_t dead = { 0 };

	/* A death is learnt from the end of its output; here the dead are only buried.  A helper
	 * that outlives its driver would keep that output open: its group goes with it, while the
	 * number of the group is surely still its own. */
	while (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid) {
		for (size_t i = 0; i < r->count; i++)
			if (r->children[i].pid == dead.si_pid) {
				kill(-dead.si_pid, SIGKILL);
				r->children[i].pid = 0;
			}
		waitpid(dead.si_pid, NULL, 0);
		dead.si_pid = 0;
	}
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct routes *r = ctx;
	msec since = routes_now(r) - r->swept_at, now;

	if (r->held || since > SWEEP_LATE_MS)
		r->stood_still_ms += since;
	now = r->swept_at = routes_now(r);
	for (size_t i = 0; i < r->count; i++)
		child_watch(&r->children[i], now);
	check_stopped(r);
}

int
routes_open(struct routes **out, struct event_base *base, const struct settings *settings,
	    char *const *keeps, const char *base_url, const struct routes_ports *ports,
	    struct err *err)
{
	struct routes *r = xcalloc(1, sizeof(*r));
	struct timeval second = { 1, 0 };

	r->base = base;
	r->settings = settings;
	r->ports = *ports;
	r->base_url = xstrdup(base_url);
	r->count = settings->route_count;
	r->children = xcalloc(r->count + 1, sizeof(*r->children));
	r->swept_at = routes_now(r);
	r->reaper = evsignal_new(base, SIGCHLD, on_child_signal, r);
	r->sweep = event_new(base, -1, EV_PERSIST, on_sweep, r);
	event_add(r->reaper, NULL);
	event_add(r->sweep, &second);
	for (size_t i = 0; i < r->count; i++) {
		child_init(&r->children[i], r, (int)i, keeps[i]);
		child_start(&r->children[i]);
	}
	*out = r;
	return 0;
}

/* The child died after the engine gave it this: nothing was written, so nothing is in doubt. */
static void
give_back(struct child *c, const uint64_t *ids, size_t count)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, c->index);

	cmd->lost.unwritten = xcalloc(count + 1, sizeof(uint64_t));
	memcpy(cmd->lost.unwritten, ids, count * sizeof(uint64_t));
	cmd->lost.unwritten_count = count;
	c->routes->ports.submit(c->routes->ports.ctx, cmd);
}

static void
send_items(struct child *c, struct effect *f, struct buf *line)
{
	msec deadline = routes_now(c->routes) + SMS_DEADLINE_MS;

	if (c->state != CHILD_UP) {
		uint64_t *ids = xcalloc(f->send.count + 1, sizeof(*ids));

		for (size_t i = 0; i < f->send.count; i++)
			ids[i] = f->send.items[i].id;
		give_back(c, ids, f->send.count);
		free(ids);
		return;
	}
	for (size_t i = 0; i < f->send.count; i++)
		child_item_add(c, f->send.items[i].id, deadline);
	ops_send(line, f);
	child_queue(c, line);
}

static void
place_call(struct child *c, struct effect *f, struct buf *line)
{
	if (c->state != CHILD_UP) {
		give_back(c, &f->call.id, 1);
		return;
	}
	child_item_add(c, f->call.id, routes_now(c->routes) + f->call.ring_ms + CALL_DEADLINE_MS);
	ops_call(line, f);
	child_queue(c, line);
}

/* A driver that is not there is told to the engine as an answer without words. */
static void
ask_driver(struct child *c, struct effect *f, struct buf *line)
{
	struct command *cmd;

	if (c->state == CHILD_UP) {
		ops_ask(line, f);
		child_queue(c, line);
		return;
	}
	cmd = command_new(CMD_ANSWERED, c->index);
	cmd->answered.id = f->ask.id;
	c->routes->ports.submit(c->routes->ports.ctx, cmd);
}

void
routes_effect(struct routes *r, struct effect *f)
{
	static struct buf line;		/* its memory is used again */
	struct child *c = f->route >= 0 ? &r->children[f->route] : NULL;

	assert(c || f->kind == EFFECT_REPLY || f->kind == EFFECT_LOG ||
	       f->kind == EFFECT_SETTINGS);
	switch (f->kind) {
	case EFFECT_SEND:
		send_items(c, f, &line);
		break;
	case EFFECT_CALL:
		place_call(c, f, &line);
		break;
	case EFFECT_WITHDRAW:
		if (c->state == CHILD_UP) {
			ops_withdraw(&line, f);
			child_queue(c, &line);
		}
		break;
	case EFFECT_TOOK:
		if (c->state == CHILD_UP) {
			buf_puts(&line, "{\"op\":\"took\",\"id\":");
			buf_json(&line, f->took);
			buf_puts(&line, "}");
			child_queue(c, &line);
		}
		break;
	case EFFECT_ASK:
		ask_driver(c, f, &line);
		break;
	case EFFECT_BARRIER:
		callbacks_release(r, f->barrier, f->not_kept);
		break;
	case EFFECT_REPLY:
	case EFFECT_LOG:
	case EFFECT_SETTINGS:
		break;			/* not for drivers */
	}
	effect_free(f);
}

void
routes_hold(struct routes *r, bool hold)
{
	if (r->held == hold)
		return;
	r->held = hold;
	for (size_t i = 0; i < r->count; i++)
		child_hold(&r->children[i], hold);
}

void
routes_metrics(const struct routes *r, struct buf *out)
{
	buf_puts(out, "# TYPE gong_route_up gauge\n# TYPE gong_route_in_flight gauge\n"
		 "# TYPE gong_route_window gauge\n# TYPE gong_route_starts_total counter\n");
	for (size_t i = 0; i < r->count; i++) {
		const struct child *c = &r->children[i];
		const char *name = c->conf->name;

		buf_printf(out, "gong_route_up{route=\"%s\"} %d\n", name, c->state == CHILD_UP);
		buf_printf(out, "gong_route_in_flight{route=\"%s\"} %zu\n", name, c->items.count);
		buf_printf(out, "gong_route_window{route=\"%s\"} %u\n", name, c->window);
		buf_printf(out, "gong_route_starts_total{route=\"%s\"} %u\n", name, c->restarts);
	}
}

void
routes_reload(struct routes *r, const struct settings *settings)
{
	r->settings = settings;
	for (size_t i = 0; i < r->count; i++)
		r->children[i].conf = &settings->routes[i];
}

void
routes_stop(struct routes *r, msec grace_ms, void (*done)(void *ctx), void *ctx)
{
	r->stopping = true;
	r->stopped = done;
	r->stopped_ctx = ctx;
	routes_hold(r, false);
	for (size_t i = 0; i < r->count; i++)
		child_close(&r->children[i], grace_ms);
	event_active(r->sweep, EV_TIMEOUT, 0);
}

void
routes_close(struct routes *r)
{
	if (!r)
		return;
	callbacks_close(r);
	for (size_t i = 0; i < r->count; i++)
		child_fini(&r->children[i]);
	event_free(r->reaper);
	event_free(r->sweep);
	free(r->children);
	free(r->base_url);
	free(r);
}
