/* routes.c -- all the drivers together: effects to lines, and what becomes of those that nobody
 * takes. */
#include "daemon/routes/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A driver must say what became of an item within this time; drivers have shorter ones. */
#define SMS_DEADLINE_MS MINUTES(5)
#define CALL_DEADLINE_MS MINUTES(3)	/* beyond the ringing */

static struct driver *
find(struct routes *r, int64_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->drivers[i]->gone && r->drivers[i]->id == id)
			return r->drivers[i];
	return NULL;
}

static bool
is_up(const struct driver *d)
{
	return child_state(d->child) == CHILD_UP;
}

/* The driver died after the engine gave it this: nothing was written, so nothing is in doubt. */
static void
give_back(struct driver *d, const uint64_t *ids, size_t count)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, d->id);

	cmd->lost.unwritten = xcalloc(count + 1, sizeof(uint64_t));
	memcpy(cmd->lost.unwritten, ids, count * sizeof(uint64_t));
	cmd->lost.unwritten_count = count;
	d->routes->ports.submit(d->routes->ports.ctx, cmd);
}

static void
send_items(struct driver *d, struct effect *f, struct buf *line)
{
	msec deadline = child_now(d->child) + SMS_DEADLINE_MS;

	if (!is_up(d)) {
		uint64_t *ids = xcalloc(f->send.count + 1, sizeof(*ids));

		for (size_t i = 0; i < f->send.count; i++)
			ids[i] = f->send.items[i].id;
		give_back(d, ids, f->send.count);
		free(ids);
		return;
	}
	for (size_t i = 0; i < f->send.count; i++)
		items_add(d, f->send.items[i].id, deadline);
	ops_send(line, d, f);
	child_queue(d->child, line);
}

static void
place_call(struct driver *d, struct effect *f, struct buf *line)
{
	if (!is_up(d)) {
		give_back(d, &f->call.id, 1);
		return;
	}
	items_add(d, f->call.id, child_now(d->child) + f->call.ring_ms + CALL_DEADLINE_MS);
	ops_call(line, d, f);
	child_queue(d->child, line);
}

/* A driver that is not there is told to the engine as an answer without words. */
static void
ask_driver(struct driver *d, struct effect *f, struct buf *line)
{
	struct command *cmd;

	if (is_up(d)) {
		ops_ask(line, f);
		child_queue(d->child, line);
		return;
	}
	cmd = command_new(CMD_ANSWERED, d->id);
	cmd->answered.id = f->ask.id;
	d->routes->ports.submit(d->routes->ports.ctx, cmd);
}

void
routes_effect(struct routes *r, struct effect *f)
{
	static struct buf line;		/* its memory is used again */
	struct driver *d = find(r, f->route);

	assert(d || f->kind == EFFECT_REPLY || f->kind == EFFECT_LOG ||
	       f->kind == EFFECT_SETTINGS || f->kind == EFFECT_RESUME ||
	       f->kind == EFFECT_TOOK || f->kind == EFFECT_BARRIER || f->kind == EFFECT_HOOK);
	if (!d && f->kind != EFFECT_BARRIER)
		return;			/* its route was removed meanwhile */
	switch (f->kind) {
	case EFFECT_SEND:
		send_items(d, f, &line);
		break;
	case EFFECT_CALL:
		place_call(d, f, &line);
		break;
	case EFFECT_WITHDRAW:
		if (is_up(d)) {
			ops_withdraw(&line, f);
			child_queue(d->child, &line);
		}
		break;
	case EFFECT_TOOK:
		if (child_hears(d->child)) {	/* a modem tells what it kept before it can send */
			buf_puts(&line, "{\"op\":\"took\",\"id\":");
			buf_json(&line, f->took);
			buf_puts(&line, "}");
			child_queue(d->child, &line);
		}
		break;
	case EFFECT_ASK:
		ask_driver(d, f, &line);
		break;
	case EFFECT_BARRIER:
		callbacks_release(r, f->barrier, f->not_kept);
		break;
	case EFFECT_RESUME:
		driver_resume(d);
		break;
	case EFFECT_REPLY:
	case EFFECT_LOG:
	case EFFECT_SETTINGS:
	case EFFECT_HOOK:
		break;			/* not for drivers */
	}
}

/* Of a CMD_DONE or a CMD_ROUTE_LOST. */
static void
give_back_slots(struct slots *slots, const struct command *cmd)
{
	if (cmd->kind == CMD_DONE) {
		for (size_t i = 0; i < cmd->done.count; i++)
			slots_give_back(slots, cmd->done.items[i].id);
		return;
	}
	if (cmd->lost.last_life) {
		slots_inherited_committed(slots);
		return;
	}
	for (size_t i = 0; i < cmd->lost.written_count; i++)
		slots_give_back(slots, cmd->lost.written[i]);
	for (size_t i = 0; i < cmd->lost.unwritten_count; i++)
		slots_give_back(slots, cmd->lost.unwritten[i]);
}

/* First how new the books are: a page without a slot speaks of newer books than one that still has it. */
void
routes_committed(struct routes *r, const struct command_list *commands, msec books_at)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->drivers[i]->slots && r->drivers[i]->begun)
			slots_note_commit(r->drivers[i]->slots, books_at);
	for (const struct command *cmd = commands->first; cmd; cmd = cmd->next) {
		struct driver *d = cmd->kind == CMD_DONE || cmd->kind == CMD_ROUTE_LOST
			? find(r, cmd->route) : NULL;

		if (d && d->slots && d->begun && !cmd->aside && !cmd->some_aside)
			give_back_slots(d->slots, cmd);
	}
}

void
routes_look(struct routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		flow_look(r->drivers[i]);
}

void
routes_counted(struct routes *r, int64_t route, unsigned long unmatched, unsigned long folded)
{
	struct driver *d = find(r, route);

	if (!d)
		return;
	flow_unmatched(d, unmatched);
	d->folded = folded;
}

void
routes_metrics(const struct routes *r, struct buf *out)
{
	buf_puts(out, "# TYPE gong_route_up gauge\n# TYPE gong_route_in_flight gauge\n"
		 "# TYPE gong_route_window gauge\n# TYPE gong_route_starts_total counter\n"
		 "# TYPE gong_route_receipts_unmatched_total counter\n"
		 "# TYPE gong_route_alarms_folded_total counter\n"
		 "# TYPE gong_route_excess_total counter\n");
	for (size_t i = 0; i < r->count; i++) {
		const struct driver *d = r->drivers[i];
		const char *name = d->conf->name;

		buf_printf(out, "gong_route_up{route=\"%s\"} %d\n", name, is_up(d));
		buf_printf(out, "gong_route_in_flight{route=\"%s\"} %zu\n", name, d->items.count);
		buf_printf(out, "gong_route_window{route=\"%s\"} %u\n", name, d->window);
		buf_printf(out, "gong_route_starts_total{route=\"%s\"} %u\n", name,
			   child_starts(d->child));
		buf_printf(out, "gong_route_receipts_unmatched_total{route=\"%s\"} %lu\n", name,
			   d->flow.receipts_unmatched);
		buf_printf(out, "gong_route_alarms_folded_total{route=\"%s\"} %lu\n", name,
			   d->folded);
		buf_printf(out, "gong_route_excess_total{route=\"%s\"} %lu\n", name,
			   d->flow.excess_total);
	}
}

/* A process of that name that is not yet buried: never two on one route. */
static bool
is_occupied(const struct routes *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->drivers[i]->gone && strcmp(r->drivers[i]->conf->name, name) == 0)
			return true;
	return false;
}

static void
start_new(struct routes *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct driver *d = r->drivers[i];

		if (!d->gone && !d->begun && !d->heir && !is_occupied(r, d->conf->name))
			inherit_begin(d);
	}
}

static void
add(struct routes *r, struct settings *settings, size_t index, int64_t id, const char *keep)
{
	r->drivers = xrealloc(r->drivers, (r->count + 1) * sizeof(*r->drivers));
	r->drivers[r->count++] = driver_new(r, settings, &settings->routes[index], id, keep);
}

void
routes_reload(struct routes *r, struct settings *settings, const int64_t *ids,
	      char *const *keeps, const char *base_url)
{
	free(r->base_url);
	r->base_url = xstrdup(base_url);
	for (size_t i = 0; i < r->count; i++) {
		struct driver *d = r->drivers[i];

		if (!d->gone && settings_route(settings, d->conf->name) < 0)
			driver_leaves(d);
	}
	for (size_t i = 0; i < settings->route_count; i++) {
		struct driver *d = find(r, ids[i]);

		if (d)
			driver_takes(d, settings, &settings->routes[i]);
		else
			add(r, settings, i, ids[i], keeps[i]);
	}
	start_new(r);
}

/* Those of which nothing is left. */
static void
drop_gone(struct routes *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct driver *d = r->drivers[i];

		if (d->gone && child_is_buried(d->child)) {
			journal_bury(d);
			driver_free(d);
		} else {
			r->drivers[kept++] = d;
		}
	}
	r->count = kept;
	start_new(r);
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct routes *r = ctx;

	for (size_t i = 0; i < r->count; i++)
		flow_second(r->drivers[i]);
	drop_gone(r);
}

static bool
is_route(void *ctx, const char *name)
{
	return settings_route(ctx, name) >= 0;
}

/* Of routes that were taken out of gong.conf while no gongd ran. */
static void
remove_strange_pages(struct routes *r, struct settings *settings)
{
	char *folder = inherit_page_folder(settings);

	slots_remove_others(folder, is_route, settings);
	free(folder);
}

struct routes *
routes_open(struct event_base *base, struct children *children, struct settings *settings,
	    const int64_t *ids, char *const *keeps, const char *base_url,
	    const struct routes_ports *ports)
{
	struct routes *r = xcalloc(1, sizeof(*r));
	struct timeval second = { 1, 0 };

	r->base = base;
	r->children = children;
	r->ports = *ports;
	r->base_url = xstrdup(base_url);
	for (size_t i = 0; i < settings->route_count; i++)
		add(r, settings, i, ids[i], keeps[i]);
	remove_strange_pages(r, settings);
	start_new(r);
	r->second = event_new(base, -1, EV_PERSIST, on_second, r);
	event_add(r->second, &second);
	return r;
}

void
routes_close(struct routes *r)
{
	if (!r)
		return;
	callbacks_close(r);
	for (size_t i = 0; i < r->count; i++)
		driver_free(r->drivers[i]);
	event_free(r->second);
	free(r->drivers);
	free(r->base_url);
	free(r);
}
