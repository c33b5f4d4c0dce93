/* watch.c -- one alert as it unfolds, or all that run: redrawn in place on a terminal, where keys
 * move through its places; a block a change elsewhere. It outlives a restart of gongd: that is when
 * somebody watches most closely. */
#include "ctl/ctl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/number.h"

#define TARGETS_MAX 5000
#define TASKS_MAX 1000
#define ALERTS_MAX 20    /* of those that run */
#define ROWS_PLAIN 60    /* of coverage in a block that is not on a terminal */
#define GIVE_UP_MS 60000 /* without gongd, when nobody sits at a terminal */
#define FASTEST_MS 100
#define BLOCK_MS 1000 /* at most one block a second into a file */

struct watch {
	struct ctl *ctl;
	msec id, interval_ms;
	bool until_closed, terminal;
	json_t *alert, *targets, *tasks; /* the last picture; NULL = none yet */
	json_t *alerts, *routes;         /* alerts: when all are followed */
	size_t skip, page;               /* places passed by; as many as fit */
	bool keys;                       /* it listens to them */
	struct termios before;
	char *digest;                    /* of the block printed last */
	msec lost_at;                    /* gongd was not reached since; 0 = it answers */
	msec printed_at;
	struct screen screen;
	struct err err;
};

/* A key at a time, without its echo; whoever reads no terminal has no keys. */
static void
keys_begin(struct watch *w)
{
	struct termios t;

	if (!w->terminal || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &w->before) < 0)
		return;
	t = w->before;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	w->keys = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}

static void
keys_end(struct watch *w)
{
	if (w->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &w->before);
	w->keys = false;
}

static void
replace(json_t **old, json_t *new)
{
	json_decref(*old);
	*old = new;
}

/* Routes that carry nothing are half of the story; a gongd that does not tell has none. */
static void
look_at_routes(struct watch *w)
{
	struct client_request q = { .path = "/v1/routes" };
	struct err err = { 0 };
	json_t *answer = NULL;

	if (client_ask(w->ctl, &q, &answer, &err) == CTL_OK)
		replace(&w->routes, json_incref(json_object_get(answer, "routes")));
	json_decref(answer);
}

/* Asks for all that run, one by one for their figures. */
static int
look_at_all(struct watch *w)
{
	json_t *list = NULL, *alerts = json_array(), *tasks = NULL, *row;
	bool more;
	size_t i;
	int code = client_pages(w->ctl, "/v1/alerts?open=1", "alerts", ALERTS_MAX, &list, &more,
				&w->err);

	json_array_foreach(list, i, row) {
		char path[64];
		struct client_request q = { .path = path };
		json_t *alert = NULL;

		snprintf(path, sizeof(path), "/v1/alerts/%lld", (long long)member_int(row, "id"));
		if (code == CTL_OK)
			code = client_ask(w->ctl, &q, &alert, &w->err);
		if (code == CTL_OK)
			json_array_append_new(alerts, alert);
	}
	json_decref(list);
	if (code == CTL_OK)
		code = client_pages(w->ctl, "/v1/tasks?open=1", "tasks", TASKS_MAX, &tasks, &more,
				    &w->err);
	if (code != CTL_OK) {
		json_decref(alerts);
		json_decref(tasks);
		return code;
	}
	replace(&w->alerts, alerts);
	replace(&w->tasks, tasks);
	look_at_routes(w);
	return CTL_OK;
}

/* Asks for the alert, its targets and open tasks.  A failure leaves the last picture. */
static int
look(struct watch *w)
{
	struct client_request q = { 0 };
	json_t *alert = NULL, *targets = NULL, *tasks = NULL;
	char path[96];
	bool more;
	int code;

	if (!w->id)
		return look_at_all(w);
	snprintf(path, sizeof(path), "/v1/alerts/%lld", (long long)w->id);
	q.path = path;
	code = client_ask(w->ctl, &q, &alert, &w->err);
	snprintf(path, sizeof(path), "/v1/alerts/%lld/targets", (long long)w->id);
	if (code == CTL_OK)
		code = client_pages(w->ctl, path, "targets", TARGETS_MAX, &targets, &more,
				    &w->err);
	if (code == CTL_OK)
		code = client_pages(w->ctl, "/v1/tasks?open=1", "tasks", TASKS_MAX,
				    &tasks, &more, &w->err);
	if (code != CTL_OK) {
		json_decref(alert);
		json_decref(targets);
		json_decref(tasks);
		return code;
	}
	replace(&w->alert, alert);
	replace(&w->targets, targets);
	replace(&w->tasks, tasks);
	look_at_routes(w);
	return CTL_OK;
}

static json_t *
without_time(json_t *alert)
{
	json_t *shown = json_copy(alert);

	json_object_del(shown, "now");
	json_object_del(shown, "forecast");
	return shown;
}

/* What a route's health says changes with every breath of its modem. */
static json_t *
states_of(json_t *routes)
{
	json_t *states = json_array(), *route;
	size_t i;

	json_array_foreach(routes, i, route)
		json_array_append_new(states, json_pack("[O?,O?]", json_object_get(route, "state"),
							json_object_get(route, "alarms")));
	return states;
}

/* What counts as a change: everything but the passing of time. */
static char *
digest_of(struct watch *w)
{
	json_t *shown = json_array(), *all, *alert;
	char *text;
	size_t i;

	json_array_foreach(w->alerts, i, alert)
		json_array_append_new(shown, without_time(alert));
	if (w->alert)
		json_array_append_new(shown, without_time(w->alert));
	all = json_pack("[o,O?,O,o,b]", shown, w->targets, w->tasks, states_of(w->routes),
			w->lost_at != 0);
	text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(all);
	return text;
}

/* Those that carry nothing now, with the reason that stands as an alarm. */
static void
dead_routes(struct watch *w, struct buf *out)
{
	const struct ctl *ctl = w->ctl;
	size_t i, width = screen_width();
	json_t *route;
	char text[HUMAN];

	json_array_foreach(w->routes, i, route) {
		const char *state = member_text(route, "state");
		json_t *alarm = json_array_get(json_object_get(route, "alarms"), 0);
		struct buf line = { 0 };

		if (!state || strcmp(state, "up") == 0)
			continue;
		buf_printf(&line, say(ctl, "ROUTE %s %s since %s", "通道 %s %s 自 %s"),
			   member_text(route, "name"), word(ctl, state),
			   instant_text(text, member_int(route, "state_at")));
		if (member_text(alarm, "text"))
			buf_printf(&line, say(ctl, ": %s", ":%s"), member_text(alarm, "text"));
		text_clip(out, line.data, width ? width : line.len);
		buf_puts(out, "\n");
		buf_fini(&line);
	}
}

static void
compose_all(struct watch *w, struct buf *out)
{
	json_t *alert;
	size_t i;

	dead_routes(w, out);
	view_tasks(w->ctl, w->tasks, 0, out);
	json_array_foreach(w->alerts, i, alert) {
		view_head(w->ctl, alert, out);
		view_progress(w->ctl, alert, out);
		view_next(w->ctl, alert, out);
	}
	if (!json_array_size(w->alerts))
		buf_puts(out, say(w->ctl, "no alert is running\n", "没有进行中的告警\n"));
}

static size_t
lines_of(const struct buf *text)
{
	size_t lines = 0;

	for (const char *c = text->data; c && *c; c++)
		lines += *c == '\n';
	return lines;
}

static void
compose(struct watch *w, size_t rows, struct buf *out)
{
	const struct ctl *ctl = w->ctl;
	size_t count = json_array_size(w->targets), used;

	if (w->alerts)
		compose_all(w, out);
	if (w->alert) {
		view_head(ctl, w->alert, out);
		view_progress(ctl, w->alert, out);
		view_steps(ctl, w->alert, out);
		view_next(ctl, w->alert, out);
		dead_routes(w, out);
		view_tasks(ctl, w->tasks, w->id, out);
	}
	if (w->lost_at)
		again_put_lost(ctl, w->lost_at, out);
	if (!w->alert)
		return;
	used = lines_of(out);
	/* title and "… more" need a line each; never fewer than one place */
	w->page = rows > used + 4 ? rows - used - 3 : 1;
	if (w->skip + w->page > count)
		w->skip = count > w->page ? count - w->page : 0;
	view_coverage(ctl, w->alert, w->targets, w->skip, w->page, out);
}

static void
show_terminal(struct watch *w)
{
	struct buf block = { 0 };
	size_t height, width;

	screen_size(&width, &height);
	compose(w, height, &block);
	screen_draw(&w->screen, &block);
	buf_fini(&block);
}

/* A block only when something changed, and at most one a second.  Returns whether what is
 * known has been printed. */
static bool
show_plain(struct watch *w, bool last)
{
	struct buf block = { 0 };
	char *digest = w->alert || w->alerts ? digest_of(w) : NULL;
	bool same = digest && w->digest && strcmp(digest, w->digest) == 0;

	if (!digest || same || (!last && now_ms() - w->printed_at < BLOCK_MS)) {
		free(digest);
		return same;
	}
	if (w->ctl->json) {
		json_t *all = w->alerts ? json_pack("{s:O,s:O}", "alerts", w->alerts, "tasks",
						    w->tasks)
					: json_pack("{s:O,s:O,s:O}", "alert", w->alert,
						    "targets", w->targets, "tasks", w->tasks);

		ctl_json(all);
	} else {
		if (w->digest)
			buf_puts(&block, "\n");
		compose(w, ROWS_PLAIN, &block);
		ctl_print(&block);
	}
	fflush(stdout);
	free(w->digest);
	w->digest = digest;
	w->printed_at = now_ms();
	return true;
}

/* One look and one picture.  Returns CTL_OK to go on, or the exit code with w->err. */
static int
turn(struct watch *w, bool *closed)
{
	int code = look(w);

	*closed = false;
	if (code == CTL_REFUSED && !w->alert && !w->alerts)
		return code;
	if (code == CTL_OK) {
		w->lost_at = 0;
		*closed = w->until_closed && (w->alerts ? !json_array_size(w->alerts)
							: alert_is_closed(w->alert));
	} else {
		if (!w->lost_at)
			w->lost_at = now_ms();
		if (!w->terminal && now_ms() - w->lost_at > GIVE_UP_MS)
			return code;
		if (!w->alert && !w->alerts) /* never seen it: say so at once */
			return code;
	}
	if (w->terminal)
		show_terminal(w);
	else
		show_plain(w, *closed);
	return CTL_OK;
}

static int
read_interval(struct watch *w)
{
	const char *text = args_value(w->ctl, "--interval");

	w->interval_ms = 1000;
	if (!text)
		return CTL_OK;
	if (duration_spelt(&w->interval_ms, text, FASTEST_MS, HOURS(1)) < 0)
		return ctl_usage(w->ctl,
				 say(w->ctl,
				     "--interval \"%s\" is not a duration from 100ms to "
				     "1h; write 1s",
				     "--interval \"%s\" 不是 100ms 至 1h 的时长;如 1s"),
				 text);
	return CTL_OK;
}

/* A letter, or a key that sends ESC [ and another one. */
static bool
is_key(const char *keys, size_t i, char letter, char arrow)
{
	return keys[i] == letter ||
		(keys[i] == arrow && i >= 2 && keys[i - 1] == '[' && keys[i - 2] == '\033');
}

/* j k and the arrows by one place, space and b by a page, g and G to the ends, q ends. */
static void
press(struct watch *w, const char *keys, size_t len)
{
	size_t up = 0, down = 0;

	for (size_t i = 0; i < len; i++) {
		up += is_key(keys, i, 'k', 'A') ? 1 : 0;
		down += is_key(keys, i, 'j', 'B') ? 1 : 0;
		up += is_key(keys, i, 'b', '5') ? w->page : 0;
		down += is_key(keys, i, ' ', '6') ? w->page : 0;
		if (keys[i] == 'g')
			w->skip = 0;
		if (keys[i] == 'G')
			w->skip = json_array_size(w->targets);
		if (keys[i] == 'q')
			again_stop();
	}
	w->skip += down;
	w->skip -= up < w->skip ? up : w->skip;
}

/* Until it is time to look again; a key shows at once. */
static void
wait_for_keys(struct watch *w)
{
	msec until = now_ms() + w->interval_ms, left;

	if (!w->keys) {
		again_wait(w->interval_ms);
		return;
	}
	while (again_wanted() && (left = until - now_ms()) > 0) {
		struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
		char keys[64];
		ssize_t n;

		if (poll(&fd, 1, (int)left) <= 0)
			continue;
		n = read(STDIN_FILENO, keys, sizeof(keys));
		if (n <= 0) {		/* nobody is there any more */
			keys_end(w);
			return;
		}
		press(w, keys, (size_t)n);
		show_terminal(w);
	}
}

int
alert_watch(struct ctl *ctl)
{
	struct watch w = { .ctl = ctl,
			   .terminal = screen_redraws() && !ctl->json,
			   .until_closed = args_has(ctl, "--until-closed") };
	bool closed = false;
	int code = ctl->operands[0] ? alert_operand(ctl, &w.id) : CTL_OK;

	if (code == CTL_OK)
		code = read_interval(&w);
	if (code != CTL_OK)
		return code;
	again_begin();
	keys_begin(&w);
	while (again_wanted() && code == CTL_OK && !closed && !output_failed()) {
		code = turn(&w, &closed);
		if (code == CTL_OK && !closed && again_wanted())
			wait_for_keys(&w);
	}
	keys_end(&w);
	if (!w.terminal && code == CTL_OK)
		show_plain(&w, true);
	json_decref(w.alert);
	json_decref(w.targets);
	json_decref(w.tasks);
	json_decref(w.alerts);
	json_decref(w.routes);
	free(w.digest);
	return code == CTL_OK ? CTL_OK : ctl_fail(ctl, code, &w.err);
}
