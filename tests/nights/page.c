/* page.c -- what outlives gongd and its drivers: the page of each route, as daemon/routes keeps it.  Of
 * three seeds one has routes without a page, or with drivers that never heard of it. */
#include "tests/nights/night.h"

#include <stdlib.h>

static struct noted *
find(struct road *r, uint64_t id)
{
	for (size_t i = 0; i < r->noted_count; i++)
		if (r->noted[i].id == id)
			return &r->noted[i];
	return NULL;
}

void
page_note(struct night *n, int road, uint64_t id)
{
	struct road *r = &n->roads[road];
	struct noted *note = find(r, id);

	if (r->page == PAGE_NONE)
		return;
	if (!note) {
		if (r->noted_count == r->noted_cap) {
			r->noted_cap = r->noted_cap ? r->noted_cap * 2 : 64;
			r->noted = xrealloc(r->noted, r->noted_cap * sizeof(*r->noted));
		}
		note = &r->noted[r->noted_count++];
	}
	*note = (struct noted){ id, r->page == PAGE_BLIND };
}

void
page_mark(struct night *n, int road, uint64_t id, bool left)
{
	struct road *r = &n->roads[road];
	struct noted *note = r->page == PAGE_MARKED ? find(r, id) : NULL;

	if (note)
		note->left = left;
}

static void
drop(struct road *r, uint64_t id)
{
	struct noted *note = find(r, id);

	if (note)
		*note = r->noted[--r->noted_count];
}

static int
road_of(const struct night *n, int64_t route)
{
	int road = (int)n->settings->route_count - 1;

	while (road >= 0 && n->route_ids[road] != route)
		road--;
	return road;
}

static void
settled(struct road *r, const struct command *cmd)
{
	for (size_t i = 0; cmd->kind == CMD_DONE && i < cmd->done.count; i++)
		drop(r, cmd->done.items[i].id);
	if (cmd->kind != CMD_ROUTE_LOST)
		return;
	for (size_t i = 0; i < cmd->lost.written_count; i++)
		drop(r, cmd->lost.written[i]);
	for (size_t i = 0; i < cmd->lost.unwritten_count; i++)
		drop(r, cmd->lost.unwritten[i]);
	if (cmd->lost.last_life)
		r->page_good = r->page != PAGE_NONE;
}

void
page_committed(struct night *n, const struct command_list *commands)
{
	struct engine_stats stats;

	engine_stats(n->engine, &stats);
	for (size_t i = 0; i < n->settings->route_count; i++)
		if (n->roads[i].inherited)
			n->roads[i].page_books_at = stats.committed_at;
	for (const struct command *cmd = commands->first; cmd; cmd = cmd->next) {
		int road = road_of(n, cmd->route);

		if (road >= 0 && !cmd->aside && !cmd->some_aside)
			settled(&n->roads[road], cmd);
	}
}

void
page_gongd_dies(struct night *n, bool power_cut)
{
	for (size_t i = 0; i < n->settings->route_count; i++) {
		struct road *r = &n->roads[i];

		for (size_t k = 0; k < r->noted_count; k++)
			n->uncertain_allowed += r->noted[k].left;
		if (r->page == PAGE_NONE || power_cut || !r->page_good)
			n->uncertain_allowed += r->window;
		r->inherited = false;
		if (!power_cut)
			continue;
		r->noted_count = 0;
		r->page_good = r->lives_on = false;
		r->page_books_at = 0;
	}
}

void
page_inherit(struct night *n, int road)
{
	struct road *r = &n->roads[road];
	struct command *cmd = command_new(CMD_ROUTE_LOST, road);

	r->lives_on = false;
	r->inherited = true;
	cmd->lost.last_life = cmd->lost.asked = true;
	cmd->lost.reason = xstrdup(WORD(stopped_in_hand));
	cmd->lost.rest_never_given = r->page_good;
	cmd->lost.books_at = r->page_books_at;
	cmd->lost.written = xcalloc(r->noted_count + 1, sizeof(uint64_t));
	cmd->lost.unwritten = xcalloc(r->noted_count + 1, sizeof(uint64_t));
	for (size_t i = 0; i < r->noted_count; i++)
		if (r->noted[i].left)
			cmd->lost.written[cmd->lost.written_count++] = r->noted[i].id;
		else
			cmd->lost.unwritten[cmd->lost.unwritten_count++] = r->noted[i].id;
	if (n->route_ids[road] > 0)
		gongd_push(n, cmd);
	else
		command_free(cmd);
	if (r->used && r->wanted)
		network_ready(n, road, chance_between(&n->chance, 0, 800));
}

void
page_begin(struct night *n)
{
	n->starts++;
	for (size_t i = 0; i < n->settings->route_count; i++) {
		struct road *r = &n->roads[i];
		unsigned kind = (n->seed + (unsigned)i) % 6;
		struct happening h = { .kind = HAPPEN_INHERIT, .road = (int)i, .life = n->starts };
		msec wait = !r->lives_on ? 0 : chance_percent(&n->chance, 20)
			? chance_between(&n->chance, 0, 1500) : chance_between(&n->chance, 0, 100);

		r->page = kind == 0 ? PAGE_NONE : kind == 1 ? PAGE_BLIND : PAGE_MARKED;
		if (r->lives_on)
			happen(n, n->mono + wait, h);
		else
			page_inherit(n, (int)i);
	}
}

/* Of what a provider's driver may have, so much only waits in it. */
unsigned
page_prefetch(const struct night *n, int road)
{
	const struct road *r = &n->roads[road];

	return r->page == PAGE_MARKED && !r->serial ? r->window / 4 : 0;
}
