/* gongd.c -- the engine's keeper: what bridge and loop do in the daemon, on story time. */
#include "tests/nights/night.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"
#include "tests/nights/disk.h"

#define IDLE_TURNS_MAX 3000
#define PEEKS 32

static struct {
	const char *sql;
	sqlite3_stmt *stmt;
} peeks[PEEKS];

struct command *
night_command(enum command_kind kind)
{
	struct command *cmd = command_new(kind, -1);

	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "night" };
	return cmd;
}

msec
wall(const struct night *n)
{
	return n->mono + n->offset;
}

static void
stamp(const struct night *n, char out[16])
{
	msec s = (n->mono + HOURS(8)) / 1000 % 86400;

	snprintf(out, 16, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

void
night_fail(struct night *n, const char *fmt, ...)
{
	char why[900], at[16];
	va_list args;

	if (n->failed)
		return;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	stamp(n, at);
	n->failed = true;
	snprintf(n->reason, sizeof(n->reason), "%s:%u: --seed %u%s%.*lu at %s: %s", n->file,
		 n->line ? n->line->number : 0, n->seed,
		 n->first_death ? n->power_cut ? " (power cut) --commit " : n->hiccup ? " (disk) --commit "
		 : " --commit " : "",
		 n->first_death ? 1 : 0, n->first_death, at, why);
}

void
night_say(const struct night *n, const char *fmt, ...)
{
	char at[16];
	va_list args;

	if (!n->verbose)
		return;
	stamp(n, at);
	printf("  %s.%03d ", at, (int)(n->mono % 1000));
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

/* One integer from committed state; -1 when there is no such row. */
int64_t
gongd_look(struct night *n, const char *sql, int64_t a, int64_t b)
{
	int64_t value = -1;
	size_t i = 0;

	if (!n->peek)
		return -1;
	while (i < PEEKS && peeks[i].sql && peeks[i].sql != sql)
		i++;
	if (i == PEEKS)
		abort();
	if (!peeks[i].sql) {
		peeks[i].sql = sql;
		if (sqlite3_prepare_v2(n->peek, sql, -1, &peeks[i].stmt, NULL) != SQLITE_OK) {
			night_fail(n, "%s: %s", sql, sqlite3_errmsg(n->peek));
			peeks[i].sql = NULL;
			return -1;
		}
	}
	sqlite3_bind_int64(peeks[i].stmt, 1, a);
	sqlite3_bind_int64(peeks[i].stmt, 2, b);
	if (sqlite3_step(peeks[i].stmt) == SQLITE_ROW)
		value = sqlite3_column_type(peeks[i].stmt, 0) == SQLITE_NULL
			? -1 : sqlite3_column_int64(peeks[i].stmt, 0);
	sqlite3_reset(peeks[i].stmt);
	return value;
}

static void
peek_close(struct night *n)
{
	for (size_t i = 0; i < PEEKS; i++)
		sqlite3_finalize(peeks[i].stmt);
	memset(peeks, 0, sizeof(peeks));
	sqlite3_close(n->peek);
	n->peek = NULL;
}

static int64_t
route_id(struct night *n, const char *name)
{
	sqlite3_stmt *st = NULL;
	int64_t id = -1;

	if (!n->peek || sqlite3_prepare_v2(n->peek, "SELECT id FROM route WHERE name = ?1", -1, &st,
					   NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		id = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return id;
}

void
gongd_start(struct night *n)
{
	struct err err = { 0 };

	if (store_open(&n->store, STORE_FILE, &err) < 0 ||
	    engine_open(&n->engine, n->store, n->later ? n->later : n->settings, wall(n), &err) < 0) {
		night_fail(n, "gongd does not start: %s", err.text);
		return;
	}
	if (sqlite3_open_v2(STORE_FILE, &n->peek, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		night_fail(n, "cannot open a second connection");
	for (size_t i = 0; i < n->settings->route_count; i++)
		n->route_ids[i] = route_id(n, n->settings->routes[i].name);
	n->down = false;
	n->wake_at = n->mono;
	n->retry_at = 0;
	night_say(n, "gongd starts");
	page_begin(n);
	for (size_t i = 0; i < n->asked_count; i++)
		if (!n->asked[i].answered)
			script_ask(n, i);
}

void
gongd_lists_clear(struct night *n)
{
	while (n->urgent.first)
		command_free(command_pop(&n->urgent));
	while (n->bulk.first)
		command_free(command_pop(&n->bulk));
}

void
gongd_stop(struct night *n)
{
	gongd_lists_clear(n);
	if (n->peek)
		peek_close(n);
	engine_close(n->engine);
	store_close(n->store);
	n->engine = NULL;
	n->store = NULL;
	n->down = true;
}

void
gongd_die(struct night *n, bool power_cut)
{
	struct happening start = { .kind = HAPPEN_START };

	night_say(n, power_cut ? "POWER CUT" : "gongd is KILLED");
	disk_kill();
	gongd_stop(n);
	disk_restart(power_cut, &n->chance);
	for (size_t i = 0; i < n->settings->route_count; i++)
		if (n->roads[i].up)
			network_die(n, (int)i, true, NULL);
	page_gongd_dies(n, power_cut);
	happen(n, n->mono + chance_between(&n->chance, 200, 2000), start);
}

/* The model's roads are places in the settings' list; the engine's routes have ids. */
void
gongd_push(struct night *n, struct command *cmd)
{
	if (cmd->route >= 0 && !n->down) {
		cmd->route = n->route_ids[cmd->route];
		cmd->by.kind = PRINCIPAL_ROUTE;
	}
	if (n->down)
		command_free(cmd);
	else
		command_push(command_lane(cmd->kind) == LANE_BULK ? &n->bulk : &n->urgent, cmd);
}

static void
hand_out(struct night *n, struct effect *f)
{
	int road = (int)n->settings->route_count - 1;

	if (n->failed)
		return;
	while (road >= 0 && n->route_ids[road] != f->route)
		road--;
	f->route = road;
	switch (f->kind) {
	case EFFECT_REPLY:
		script_reply(n, f);
		break;
	case EFFECT_SEND:
	case EFFECT_CALL:
		check_send(n, f);
		network_send(n, f);
		break;
	case EFFECT_WITHDRAW:
		network_send(n, f);
		break;
	case EFFECT_TOOK:
		network_took(n, f->took);
		break;
	case EFFECT_LOG:
		night_say(n, "log %d %s", f->log.level, f->log.line);
		break;
	case EFFECT_ASK:
		network_ask(n, f);
		break;
	case EFFECT_BARRIER:
	case EFFECT_SETTINGS:
	case EFFECT_RESUME:
	case EFFECT_HOOK:
		break;
	}
}

/* How gongd dies at the commit that was chosen for it: before it is on disk, or after it with none,
 * some or all of its effects out. */
enum fate { FATE_BEFORE, FATE_NONE_OUT, FATE_SOME_OUT, FATE_ALL_OUT, FATE_LIVES };

static void
hand_out_some(struct night *n, struct effect_list *out, enum fate fate)
{
	size_t give = fate == FATE_SOME_OUT ? chance_below(&n->chance, (unsigned)out->count + 1)
		: fate < FATE_SOME_OUT ? 0 : out->count;
	struct effect *f;

	for (; (f = effect_pop(out)); effect_free(f))
		if (give && give--)
			hand_out(n, f);
}

/* An engine that has nothing to do must say so. */
static void
watch_idle(struct night *n, bool busy)
{
	n->idle_turns = busy || n->wake_at > n->mono ? 0 : n->idle_turns + 1;
	if (n->idle_turns > IDLE_TURNS_MAX)
		night_fail(n, "the engine spins: %u turns without doing anything", n->idle_turns);
}

static void
die_of_fate(struct night *n)
{
	n->commits = n->crash_at;
	/* Misfortunes come in company: it may die again while it is coming up. */
	if (++n->deaths < 3 && chance_percent(&n->chance, 40))
		n->crash_at += 1 + chance_below(&n->chance, 6);
	gongd_die(n, n->power_cut);
}

/* Once: whatever statement is running fails, in the middle of the turn. */
static int
interrupt(void *ctx)
{
	struct night *n = ctx;

	sqlite3_progress_handler(n->store->main.db, 0, NULL, NULL);
	return 1;
}

static void
turn(struct night *n)
{
	bool had = n->urgent.first || n->bulk.first, due = n->crash_at == n->commits + 1, written;
	enum fate fate = due && !n->hiccup ? (enum fate)chance_below(&n->chance, 4) : FATE_LIVES;
	unsigned long before = disk_writes();
	struct effect_list out = { 0 };
	struct command_list committed = { 0 };
	struct err err = { 0 };
	msec wake = NEVER;
	int rc;

	if (fate == FATE_BEFORE)
		disk_kill();
	else if (due && n->hiccup && chance_percent(&n->chance, 50))
		disk_fail_after(chance_below(&n->chance, 12));
	else if (due && n->hiccup)
		sqlite3_progress_handler(n->store->main.db, 1 + (int)chance_below(&n->chance, 1500),
					 interrupt, n);
	rc = engine_turn(n->engine, &n->urgent, &n->bulk, wall(n), &out, &wake, &err);
	if (n->hiccup) {
		disk_set_fault(DISK_GOOD);
		sqlite3_progress_handler(n->store->main.db, 0, NULL, NULL);
	}
	if (n->hiccup && rc < 0)
		n->crash_at = 0;	/* once is enough */
	written = disk_writes() > before;
	n->turns++;
	n->wake_at = wake == NEVER ? NEVER : wake - n->offset;
	n->retry_at = rc < 0 ? n->wake_at : 0;
	n->commits += rc == 0 && written;
	if (rc < 0)
		night_say(n, "turn failed: %s", err.text);
	watch_idle(n, had || written);
	/* The commit may have had nothing to write: then fate waits for the next one. */
	if (fate != FATE_BEFORE && n->commits != n->crash_at)
		fate = FATE_LIVES;
	/* The loop hears of what is in the books before it sees an effect of that, or dies before. */
	engine_spent(n->engine, &committed);
	if (fate > FATE_NONE_OUT || (fate == FATE_NONE_OUT && chance_percent(&n->chance, 50)))
		page_committed(n, &committed);
	while (committed.first)
		command_free(command_pop(&committed));
	hand_out_some(n, &out, fate);
	if (fate != FATE_LIVES)
		die_of_fate(n);
}

/* When the next thing happens, in story time. */
static msec
next_at(const struct night *n)
{
	bool waiting = n->urgent.first || n->bulk.first;
	msec next = waiting ? n->retry_at : n->down ? NEVER : n->wake_at;

	return n->heap_count ? msec_min(next, n->heap[0].at) : next;
}

bool
gongd_run(struct night *n, msec until, bool (*done)(struct night *, void *), void *ctx)
{
	while (!n->failed) {
		msec next = next_at(n);
		bool waiting;

		if (done && done(n, ctx))
			return true;
		if (next > until) {
			if (until > n->mono)
				n->mono = until;
			return false;
		}
		if (next > n->mono)
			n->mono = next;
		network_turn(n);
		waiting = n->urgent.first || n->bulk.first;
		if (!n->down && n->retry_at <= n->mono && (waiting || n->wake_at <= n->mono))
			turn(n);
		if (n->figures)
			figures_sample(n);
	}
	return false;
}
