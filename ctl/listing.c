/* listing.c -- a list shown once, by a pager where it is long, or, with --watch, again and again: redrawn
 * in place on a terminal, a block a change elsewhere. */
#include "ctl/ctl.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 2000

static volatile sig_atomic_t stopped;

static void
on_stop(int signal_number)
{
	stopped = 1;
}

static void
wait_ms(msec ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void
say_lost(const struct ctl *ctl, msec since, struct buf *out)
{
	char text[HUMAN];

	buf_printf(out,
		   say(ctl, "gongd is not reachable at %s for %s; trying again\n",
		       "gongd(%s)已 %s 无法连接;正在重试\n"),
		   ctl->socket, duration_text(ctl, text, now_ms() - since));
}

/* One block more, when it says something else than the last one. */
static void
print_change(struct ctl *ctl, json_t *answer, struct buf *block, char **last)
{
	char *now = ctl->json ? json_dumps(answer, JSON_COMPACT) : xstrdup(block->data);

	if (now && (!*last || strcmp(now, *last) != 0)) {
		if (ctl->json)
			ctl_json(json_incref(answer));
		else
			ctl_print(block);
		free(*last);
		*last = now;
		return;
	}
	free(now);
}

/* gongd was not reached since then; 0 = it answers. */
static msec
since_when(int code, msec before)
{
	return code == CTL_OK ? 0 : before ? before : now_ms();
}

static int
follow(struct ctl *ctl, list_fn *compose)
{
	struct sigaction action = { .sa_handler = on_stop };
	bool redraws = screen_redraws() && !ctl->json, seen = false;
	struct screen screen = { 0 };
	char *last = NULL;
	msec lost_at = 0;
	int code = CTL_OK;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!stopped && !output_failed()) {
		struct buf block = { 0 };
		struct err err = { 0 };
		json_t *answer = NULL;

		code = compose(ctl, &answer, &block, &err);
		if (code == CTL_USAGE || (code != CTL_OK && !seen)) {
			buf_fini(&block);
			free(last);
			return code == CTL_USAGE ? code : client_failed(ctl, code, answer, &err);
		}
		seen = true;
		lost_at = since_when(code, lost_at);
		if (lost_at && redraws)
			say_lost(ctl, lost_at, &block);
		if (redraws)
			screen_draw(&screen, &block);
		else if (code == CTL_OK)
			print_change(ctl, answer, &block, &last);
		buf_fini(&block);
		json_decref(answer);
		wait_ms(LOOK_MS);
	}
	free(last);
	return CTL_OK;
}

int
ctl_list(struct ctl *ctl, list_fn *compose)
{
	struct buf text = { 0 };
	struct err err = { 0 };
	json_t *answer = NULL;
	int code;

	if (args_has(ctl, "--watch"))
		return follow(ctl, compose);
	code = compose(ctl, &answer, &text, &err);
	if (code != CTL_OK) {
		buf_fini(&text);
		return code == CTL_USAGE ? code : client_failed(ctl, code, answer, &err);
	}
	if (ctl->json) {
		buf_fini(&text);
		return ctl_json(answer);
	}
	ctl_page(ctl, &text);
	json_decref(answer);
	return CTL_OK;
}
