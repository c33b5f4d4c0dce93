/* listing.c -- a list shown once, by a pager where it is long, or, with --watch, again and again: redrawn
 * in place on a terminal, a block a change elsewhere. */
#include "ctl/ctl.h"

#include <string.h>

#define LOOK_MS 2000

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
	bool redraws = screen_redraws() && !ctl->json, seen = false;
	struct screen screen = { 0 };
	char *last = NULL;
	msec lost_at = 0;
	int code = CTL_OK;

	again_begin();
	while (again_wanted() && !output_failed()) {
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
			again_put_lost(ctl, lost_at, &block);
		if (redraws)
			screen_draw(&screen, &block);
		else if (code == CTL_OK)
			print_change(ctl, answer, &block, &last);
		buf_fini(&block);
		json_decref(answer);
		again_wait(LOOK_MS);
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
