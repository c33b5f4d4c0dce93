/* lists.c -- what belongs to an alert, as tables: its messages, its answers, its story. */
#include "ctl/ctl.h"

#include <stdlib.h>
#include <string.h>

/* The number and route of the last attempt, and why it ended as it did. */
static void
attempt_cells(const struct ctl *ctl, json_t *message, struct grid *t)
{
	json_t *attempts = json_object_get(message, "attempts");
	size_t n = json_array_size(attempts);
	json_t *last = n ? json_array_get(attempts, n - 1) : NULL;

	grid_cellf(t, "%zu", n);
	grid_cell(t, member_text(last, "route"));
	grid_cell(t, member_text(last, "reason"));
}

void
lists_messages(const struct ctl *ctl, json_t *rows, struct buf *out)
{
	const char *const titles[] = {
		say(ctl, "at", "时间"),      say(ctl, "contact", "联系人"),
		say(ctl, "name", "姓名"),    say(ctl, "number", "号码"),
		say(ctl, "channel", "渠道"), say(ctl, "state", "状态"),
		say(ctl, "parts", "条数"),   say(ctl, "tries", "次数"),
		say(ctl, "route", "通道"),   say(ctl, "reason", "原因"),
		say(ctl, "text", "内容"),    NULL
	};
	struct grid t;
	json_t *m;
	size_t i;
	char text[HUMAN];

	grid_init(&t, 3 << 6, titles);
	json_array_foreach(rows, i, m) {
		grid_cell(&t, instant_text(text, member_int(m, "at")));
		grid_cell(&t, member_text(m, "contact"));
		grid_cell(&t, member_text(m, "name"));
		grid_cell(&t, member_text(m, "number"));
		grid_cell(&t, word(ctl, member_text(m, "channel")));
		grid_cell(&t, word(ctl, member_text(m, "state")));
		grid_cellf(&t, "%lld", (long long)member_int(m, "parts"));
		attempt_cells(ctl, m, &t);
		grid_cell(&t, member_text(m, "text"));
	}
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
}

void
posts_text(json_t *posts, struct buf *out)
{
	json_t *post;
	size_t i;

	json_array_foreach(posts, i, post) {
		const char *title = member_text(post, "title"), *place = member_text(post, "place");
		long long order = member_int(post, "order");

		title = title ? title : member_text(post, "role");
		place = place ? place : member_text(post, "division");
		buf_printf(out, "%s%s %s", i ? ", " : "", place ? place : "", title ? title : "");
		if (order > 1)
			buf_printf(out, " #%lld", order);
	}
}

/* For which places: by name, or by code where nobody gave it one. */
static void
places_text(json_t *row, struct buf *out)
{
	json_t *place;
	size_t i;

	json_array_foreach(json_object_get(row, "places"), i, place) {
		const char *name = member_text(place, "name"), *code = member_text(place, "code");

		buf_printf(out, "%s%s", i ? ", " : "", name ? name : code ? code : "");
	}
}

static void
answer_row(const struct ctl *ctl, json_t *a, struct grid *t)
{
	struct buf posts = { 0 }, places = { 0 };
	const char *person = member_text(a, "person");
	char text[HUMAN];

	posts_text(json_object_get(a, "posts"), &posts);
	places_text(a, &places);
	grid_cell(t, instant_text(text, member_int(a, "at")));
	grid_cell(t, person ? person : member_text(a, "heard_from"));
	grid_cell(t, posts.data);
	grid_cell(t, places.data);
	grid_cell(t, word(ctl, member_text(a, "source")));
	grid_cell(t, word(ctl, member_text(a, "meaning")));
	grid_cellf(t, "%lld%s", (long long)member_int(a, "level"),
		   member_is(a, "helper") ? say(ctl, " (helper)", "(协助)") : "");
	if (member_int(a, "minutes"))
		grid_cellf(t, "%lld", (long long)member_int(a, "minutes"));
	else
		grid_cell(t, NULL);
	grid_cell(t, member_text(a, "text"));
	grid_cell(t, member_text(a, "note"));
	buf_fini(&posts);
	buf_fini(&places);
}

void
lists_answers(const struct ctl *ctl, json_t *rows, struct buf *out)
{
	const char *const titles[] = { say(ctl, "at", "时间"),       say(ctl, "who", "姓名"),
				       say(ctl, "post", "岗位"),     say(ctl, "for", "地区"),
				       say(ctl, "by", "方式"),       say(ctl, "meaning", "含义"),
				       say(ctl, "level", "等级"),    say(ctl, "minutes", "分钟"),
				       say(ctl, "words", "原话"),    say(ctl, "note", "备注"),
				       NULL };
	struct grid t;
	json_t *answer;
	size_t i;

	if (!json_array_size(rows)) {
		buf_puts(out, say(ctl, "no answers yet\n", "尚无应答\n"));
		return;
	}
	grid_init(&t, 1 << 6 | 1 << 7, titles);
	json_array_foreach(rows, i, answer)
		answer_row(ctl, answer, &t);
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
}

/* In gongd's words; by the event's own word and detail where it is an older one. */
void
lists_events(const struct ctl *ctl, json_t *rows, struct buf *out)
{
	const char *const titles[] = { say(ctl, "at", "时间"), say(ctl, "event", "事件"), NULL };
	struct grid t;
	json_t *event;
	size_t i;
	char text[HUMAN];

	grid_init(&t, 0, titles);
	json_array_foreach(rows, i, event) {
		const char *said = member_text(event, "text"), *what = word(ctl, member_text(event, "what"));
		char *detail = json_dumps(json_object_get(event, "detail"),
					  JSON_COMPACT | JSON_ENCODE_ANY);

		grid_cell(&t, instant_text(text, member_int(event, "at")));
		if (said)
			grid_cell(&t, said);
		else
			grid_cellf(&t, "%s %s", what ? what : "-",
				   detail && strcmp(detail, "{}") != 0 ? detail : "");
		free(detail);
	}
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
}
