/* watch.c -- one alert as it unfolds: redrawn in place on a terminal, a block a change
 * elsewhere. It outlives a restart of gongd: that is when somebody watches most closely.
 */
#include "ctl/ctl.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/number.h"

#define TARGETS_MAX 5000
#define TASKS_MAX 1000
#define ROWS_PLAIN 60    /* of coverage in a block that is not on a terminal */
#define GIVE_UP_MS 60000 /* without gongd, when nobody sits at a terminal */
#define FASTEST_MS 100
#define BLOCK_MS 1000 /* at most one block a second into a file */

struct watch {
	struct ctl *ctl;
	msec id, interval_ms;
	bool until_closed, terminal;
	json_t *alert, *targets, *tasks; /* the last picture; NULL = none yet */
	char *digest;                    /* of the block printed last */
	msec lost_at;                    /* gongd was not reached since; 0 = it answers */
	msec printed_at;
	size_t lines; /* drawn on the terminal, to be drawn over */
	struct err err;
};

static volatile sig_atomic_t stopped;

static void
on_stop(int signal_number)
{
	stopped = 1;
}

static void
sleep_ms(msec ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void
replace(json_t **old, json_t *new)
{
	json_decref(*old);
	*old = new;
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
	return CTL_OK;
}

/* What counts as a change: everything but the passing of time. */
static char *
digest_of(struct watch *w)
{
	json_t *shown = json_copy(w->alert), *all;
	char *text;

	json_object_del(shown, "now");
	json_object_del(shown, "forecast");
	all = json_pack("[o,O,O,b]", shown, w->targets, w->tasks, w->lost_at != 0);
	text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(all);
	return text;
}

static void
compose(struct watch *w, size_t rows, struct buf *out)
{
	const struct ctl *ctl = w->ctl;
	char text[HUMAN];

	if (w->alert) {
		view_head(ctl, w->alert, out);
		view_progress(ctl, w->alert, out);
		view_steps(ctl, w->alert, out);
		view_tasks(ctl, w->tasks, w->id, out);
	}
	if (w->lost_at)
		buf_printf(out,
			   say(ctl, "gongd is not reachable at %s for %s; trying again\n",
			       "gongd(%s)已 %s 无法连接;正在重试\n"),
			   ctl->socket, duration_text(text, now_ms() - w->lost_at));
	if (w->alert) {
		size_t used = 0;

		for (const char *c = out->data; c && *c; c++)
			used += *c == '\n';
		/* title and "… more" need a line each; never fewer than one place */
		view_coverage(ctl, w->alert, w->targets,
			      rows > used + 4 ? rows - used - 3 : 1, out);
	}
}

/* SGR by what a line says, so that the silent villages are seen from across the room. */
static const char *
line_style(const char *line)
{
	if (strncmp(line, "!  ", 3) == 0)
		return "\033[31m";
	if (strncmp(line, "~  ", 3) == 0)
		return "\033[33m";
	if (strncmp(line, "+  ", 3) == 0)
		return "\033[32m";
	if (strncmp(line, "TASK ", 5) == 0 ||
	    strncmp(line, "任务 ", strlen("任务 ")) == 0)
		return "\033[1;35m";
	return "";
}

static void
draw(struct watch *w, struct buf *block, size_t width, size_t height)
{
	struct buf out = { 0 };
	size_t lines = 0;
	char *at = block->data, *end;

	if (w->lines)
		buf_printf(&out, "\033[%zuA\r", w->lines);
	for (; at && (end = strchr(at, '\n')) && lines + 1 < height;
	     at = end + 1, lines++) {
		const char *style = line_style(at);

		*end = '\0';
		buf_puts(&out, lines == 0 ? "\033[1m" : style);
		text_clip(&out, at, width);
		buf_printf(&out, "%s\033[K\n", lines == 0 || *style ? "\033[0m" : "");
	}
	buf_puts(&out, "\033[J");
	w->lines = lines;
	ctl_print(&out);
}

static void
show_terminal(struct watch *w)
{
	struct winsize size = { 0 };
	struct buf block = { 0 };
	size_t height, width;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	height = size.ws_row ? size.ws_row : 24;
	width = size.ws_col ? size.ws_col : 80;
	compose(w, height, &block);
	draw(w, &block, width, height);
	buf_fini(&block);
}

/* A block only when something changed, and at most one a second.  Returns whether what is
 * known has been printed. */
static bool
show_plain(struct watch *w, bool last)
{
	struct buf block = { 0 };
	char *digest = w->alert ? digest_of(w) : NULL;
	bool same = digest && w->digest && strcmp(digest, w->digest) == 0;

	if (!digest || same || (!last && now_ms() - w->printed_at < BLOCK_MS)) {
		free(digest);
		return same;
	}
	if (w->ctl->json) {
		json_t *all = json_pack("{s:O,s:O,s:O}", "alert", w->alert, "targets",
					w->targets, "tasks", w->tasks);

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
	if (code == CTL_REFUSED && !w->alert)
		return code;
	if (code == CTL_OK) {
		w->lost_at = 0;
		*closed = alert_is_closed(w->alert) && w->until_closed;
	} else {
		if (!w->lost_at)
			w->lost_at = now_ms();
		if (!w->terminal && now_ms() - w->lost_at > GIVE_UP_MS)
			return code;
		if (!w->alert) /* never seen it: say so at once */
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
	if (duration_parse(&w->interval_ms, text, FASTEST_MS, HOURS(1)) < 0)
		return ctl_usage(w->ctl,
				 say(w->ctl,
				     "--interval \"%s\" is not a duration from 100ms to "
				     "1h; write 1s",
				     "--interval \"%s\" 不是 100ms 至 1h 的时长;如 1s"),
				 text);
	return CTL_OK;
}

int
alert_watch(struct ctl *ctl)
{
	struct watch w = { .ctl = ctl,
			   .terminal = screen_width() > 0 && !ctl->json,
			   .until_closed = args_has(ctl, "--until-closed") };
	struct sigaction action = { .sa_handler = on_stop };
	bool closed = false;
	int code = id_operand(ctl, &w.id);

	if (code == CTL_OK)
		code = read_interval(&w);
	if (code != CTL_OK)
		return code;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!stopped && code == CTL_OK && !closed) {
		code = turn(&w, &closed);
		if (code == CTL_OK && !closed && !stopped)
			sleep_ms(w.interval_ms);
	}
	if (!w.terminal && code == CTL_OK)
		show_plain(&w, true);
	json_decref(w.alert);
	json_decref(w.targets);
	json_decref(w.tasks);
	free(w.digest);
	return code == CTL_OK ? CTL_OK : ctl_fail(ctl, code, &w.err);
}
