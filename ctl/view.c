/* view.c -- the parts a picture of an alert is made of: head, progress, steps, coverage.
 */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "core/rung.h"

#define BAR 30

bool
alert_is_closed(json_t *alert)
{
	const char *state = member_text(alert, "state");

	/* An exhausted alert still counts answers, so it is not closed. */
	return state &&
	       (strcmp(state, "satisfied") == 0 || strcmp(state, "cancelled") == 0 ||
		strcmp(state, "expired") == 0);
}

bool
alert_is_held(json_t *alert)
{
	return json_array_size(json_object_get(alert, "holds")) > 0;
}

static msec
alert_now(json_t *alert)
{
	msec now = member_int(alert, "now");

	return now ? now : now_ms();
}

static msec
started_at(json_t *alert)
{
	msec at = member_int(alert, "released_at");

	return at ? at : member_int(alert, "accepted_at");
}

static void
view_hold(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	const char *code = member_text(alert, "code");

	if (alert_is_held(alert))
		buf_printf(out,
			   say(ctl,
			       "HELD: it was open in the store that was put back, and calls "
			       "nobody until you resume it: gongctl alert resume %s\n",
			       "已暂停:数据已从备份恢复,在您恢复之前不再呼叫任何人:gongctl "
			       "alert resume %s\n"),
			   code ? code : "");
}

static void
view_name(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	const char *policy = member_text(alert, "policy"), *mode = member_text(alert, "mode");
	const char *code = member_text(alert, "code"), *template = member_text(alert, "template");
	bool real = !mode || strcmp(mode, "real") == 0;

	buf_printf(out, "%s %lld %s  %s%s%s  %s  %s%s%s\n", say(ctl, "alert", "告警"),
		   (long long)member_int(alert, "id"), code ? code : "",
		   template ? template : "-", policy ? " / " : "", policy ? policy : "",
		   word(ctl, member_text(alert, "severity")),
		   word(ctl, member_text(alert, "state")), real ? "" : "  ", real ? "" : word(ctl, mode));
}

static void
view_deadline(const struct ctl *ctl, msec deadline, msec now, struct buf *out)
{
	bool passed = deadline < now;
	char at[HUMAN], time[HUMAN];

	buf_printf(out, passed ? say(ctl, "; deadline %s, passed %s ago", ";时限 %s,已超 %s")
			: say(ctl, "; deadline %s, %s left", ";时限 %s,还剩 %s"),
		   instant_text(at, deadline),
		   duration_text(ctl, time, passed ? now - deadline : deadline - now));
}

void
view_head(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	msec now = alert_now(alert), closed = member_int(alert, "closed_at");
	msec deadline = member_int(alert, "deadline_at");
	char a[HUMAN], b[HUMAN];

	view_name(ctl, alert, out);
	if (now < started_at(alert) && !closed)
		buf_printf(out, say(ctl, "starts %s, in %s", "%s 开始,还有 %s"),
			   instant_text(a, started_at(alert)),
			   duration_text(ctl, b, started_at(alert) - now));
	else
		buf_printf(out, say(ctl, "started %s, elapsed %s", "开始 %s,已历时 %s"),
			   instant_text(a, started_at(alert)),
			   duration_text(ctl, b, (closed ? closed : now) - started_at(alert)));
	if (closed)
		buf_printf(out, say(ctl, "; closed %s", ";关闭 %s"), instant_text(a, closed));
	else if (deadline && !alert_is_held(alert))
		view_deadline(ctl, deadline, now, out);
	if (member_int(alert, "replaced_by"))
		buf_printf(out, say(ctl, "; replaced by %lld", ";被 %lld 替代"),
			   (long long)member_int(alert, "replaced_by"));
	buf_puts(out, "\n");
	view_hold(ctl, alert, out);
}

static void
bar(msec done, msec total, struct buf *out)
{
	msec filled = total > 0 ? done * BAR / total : 0;

	buf_puts(out, "[");
	for (msec i = 0; i < BAR; i++)
		buf_puts(out, i < filled ? "#" : "-");
	buf_puts(out, "]");
}

static void
message_counts(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	const char *state;
	json_t *count;
	bool any = false;

	buf_puts(out, say(ctl, "messages:", "消息:"));
	json_object_foreach(json_object_get(alert, "messages"), state, count) {
		if (json_integer_value(count) <= 0)
			continue;
		buf_printf(out, " %s %lld", word(ctl, state),
			   (long long)json_integer_value(count));
		any = true;
	}
	buf_puts(out, any ? "" : say(ctl, " none yet", " 尚无"));
}

static void
forecast_clause(const struct ctl *ctl, json_t *rest, const char *member, const char *en, const char *zh,
		struct buf *out)
{
	if (member_int(rest, member) > 0)
		buf_printf(out, say(ctl, en, zh), (long long)member_int(rest, member));
}

/* When the last one leaves, and what that counts. */
static void
forecast(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	json_t *rest = json_object_get(alert, "forecast"), *last = json_object_get(rest, "last_ms");
	char text[HUMAN];

	if (!json_is_integer(last) || !json_integer_value(last))
		return;
	if (json_integer_value(last) < 0) {
		buf_puts(out, say(ctl, "; forecast: no route for what is queued",
				  ";预计:排队消息没有可用通道"));
		return;
	}
	buf_printf(out, say(ctl, "; forecast: the last of %lld (%lld parts) leaves in %s",
			    ";预计:待发%lld条(计%lld条短信)中的最后一条 %s 后发出"),
		   (long long)member_int(rest, "messages"), (long long)member_int(rest, "segments"),
		   duration_text(ctl, text, json_integer_value(last)));
	forecast_clause(ctl, rest, "ahead", ", behind %lld of other alerts", ",前面还有其他告警的%lld条", out);
	forecast_clause(ctl, rest, "thanks", ", behind %lld thanks", ",前面还有自动回复%lld条", out);
	forecast_clause(ctl, rest, "later", ", with %lld of the next steps", ",含后续步骤约%lld条", out);
	forecast_clause(ctl, rest, "spared", ", %lld likely not needed as people answer",
			",其中约%lld条因有人应答而不必再发", out);
}

/* "李四 (青石县 值班副职) “1 20”, coming, 20 min, 02:11:03". */
static void
coming_one(const struct ctl *ctl, json_t *who, struct buf *out)
{
	const char *person = member_text(who, "person"), *text = member_text(who, "text");
	struct buf posts = { 0 };
	char at[HUMAN];

	text_clip(out, person ? person : "-", HUMAN);
	posts_text(json_object_get(who, "posts"), &posts);
	if (posts.len) {
		buf_puts(out, " (");
		text_clip(out, posts.data, 2 * HUMAN);
		buf_puts(out, ")");
	}
	buf_fini(&posts);
	if (text) {
		buf_puts(out, say(ctl, " \"", " “"));
		text_clip(out, text, 2 * HUMAN);
		buf_puts(out, say(ctl, "\"", "”"));
	}
	buf_printf(out, say(ctl, ", %s", ",%s"), word(ctl, member_text(who, "meaning")));
	if (member_int(who, "minutes"))
		buf_printf(out, say(ctl, ", %lld min", ",%lld分钟"), (long long)member_int(who, "minutes"));
	buf_printf(out, say(ctl, ", %s", ",%s"), instant_text(at, member_int(who, "at")));
}

/* Of a callout: who comes, by name, in one line. */
static void
view_coming(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	json_t *coming = json_object_get(alert, "coming"), *who;
	size_t i;

	if (!json_is_array(coming))
		return;
	buf_puts(out, say(ctl, "who comes: ", "谁来:"));
	json_array_foreach(coming, i, who) {
		buf_puts(out, i ? say(ctl, "; ", ";") : "");
		coming_one(ctl, who, out);
	}
	buf_puts(out, json_array_size(coming) ? "\n" : say(ctl, "nobody yet\n", "尚无人\n"));
}

void
view_progress(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	msec targets = member_int(alert, "targets"),
	     done = member_int(alert, "satisfied");
	json_t *levels = json_object_get(alert, "levels");

	if (targets > 0) {
		bar(done, targets, out);
		buf_printf(
			out,
			say(ctl, " %lld of %lld %s (%lld%%)", " %lld/%lld %s (%lld%%)"),
			(long long)done, (long long)targets,
			level_word(ctl, (int)member_int(alert, "until")),
			(long long)(done * 100 / targets));
		buf_puts(out, "\n");
		buf_puts(out, say(ctl, "levels:", "等级:"));
		for (int level = 0; level < LEVEL_COUNT; level++)
			buf_printf(out, " %s %lld%s", level_word(ctl, level),
				   (long long)json_integer_value(
					   json_array_get(levels, (size_t)level)),
				   level + 1 < LEVEL_COUNT ? " |" : "");
		for (size_t i = 0; i < 2; i++) {
			static const char *const apart[] = { "nobody", "moved" };

			if (member_int(alert, apart[i]))
				buf_printf(out, " | %s %lld", word(ctl, apart[i]),
					   (long long)member_int(alert, apart[i]));
		}
		buf_puts(out, "\n");
	}
	view_coming(ctl, alert, out);
	message_counts(ctl, alert, out);
	forecast(ctl, alert, out);
	buf_puts(out, "\n");
}

void
view_steps(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	msec now = alert_now(alert);
	bool open = !alert_is_closed(alert) && !alert_is_held(alert), named = false;
	json_t *step;
	size_t i;
	char text[HUMAN];

	if (!json_array_size(json_object_get(alert, "steps")))
		return;
	buf_puts(out, say(ctl, "steps:", "步骤:"));
	json_array_foreach(json_object_get(alert, "steps"), i, step) {
		const char *name = member_text(step, "name");
		json_t *taken = json_object_get(step, "taken");
		bool done = json_is_true(taken) || json_integer_value(taken) > 0;
		msec left = member_int(step, "at") - now;

		buf_puts(out, " ");
		text_clip(out, name && *name ? rung_said(name, ctl->lang) : "-", 24);
		if (done) {
			buf_puts(out, say(ctl, " (taken)", "(已执行)"));
		} else if (open && !named) {
			buf_printf(out,
				   left > 0 ? say(ctl, " (next in %s)", "(%s 后执行)")
					    : say(ctl, " (due now)", "(即将执行)"),
				   duration_text(ctl, text, left));
			named = true;
		}
	}
	buf_puts(out, "\n");
}

/* The rung that is taken next (of a held alert none is), where its line of steps may be longer than the screen. */
void
view_next(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	msec now = alert_now(alert);
	char at[HUMAN], left[HUMAN];
	json_t *step;
	size_t i;

	if (alert_is_closed(alert) || alert_is_held(alert))
		return;
	json_array_foreach(json_object_get(alert, "steps"), i, step) {
		const char *name = member_text(step, "name");
		msec ms = member_int(step, "at") - now;

		if (member_is(step, "taken") || member_int(step, "taken") > 0)
			continue;
		buf_puts(out, say(ctl, "next: ", "下一步:"));
		text_clip(out, name && *name ? rung_said(name, ctl->lang) : "-", 24);
		buf_printf(out, ms > 0 ? say(ctl, " at %s, in %s\n", " %s 执行,还有 %s\n")
				       : say(ctl, " at %s, due now\n", " %s 执行,即将执行\n"),
			   instant_text(at, member_int(step, "at")), duration_text(ctl, left, ms));
		return;
	}
}

/* A list of places or persons, by name with the code behind it. */
static void
names(const struct ctl *ctl, json_t *list, const char *title, const char *key, struct buf *out)
{
	size_t count = json_array_size(list), width = screen_width();
	struct buf line = { 0 };

	if (!count)
		return;
	buf_puts(&line, title);
	for (size_t i = 0; i < count && i < 20; i++) {
		json_t *one = json_array_get(list, i);
		const char *name = member_text(one, "name"), *code = member_text(one, key);

		if (json_is_string(one))
			buf_printf(&line, "%s%s", i ? ", " : " ", json_string_value(one));
		else
			buf_printf(&line, "%s%s %s", i ? ", " : " ", name ? name : "", code ? code : "");
	}
	if (count > 20)
		buf_printf(&line, say(ctl, " … and %zu more", " … 另有 %zu 个"), count - 20);
	text_clip(out, line.data, width ? width : line.len);
	buf_puts(out, "\n");
	buf_fini(&line);
}

void
view_request(const struct ctl *ctl, json_t *alert, json_t *roles, struct buf *out)
{
	json_t *request = json_object_get(alert, "request"), *value;
	json_t *audience = json_object_get(request, "audience");
	size_t width = screen_width();
	struct buf line = { 0 };
	const char *name;

	if (!request)
		return;
	names(ctl, json_object_get(audience, "divisions"), say(ctl, "places:", "地区:"), "code", out);
	names(ctl, json_object_get(audience, "without_divisions"), say(ctl, "without:", "除外:"), "code",
	      out);
	if (json_array_size(json_object_get(audience, "roles"))) {
		buf_puts(&line, say(ctl, "roles: ", "角色:"));
		roles_put(ctl, roles, json_object_get(audience, "roles"), &line);
		text_clip(out, line.data, width ? width : line.len);
		buf_puts(out, "\n");
		buf_reset(&line);
	}
	names(ctl, json_object_get(audience, "contacts"), say(ctl, "persons:", "联系人:"), "ref", out);
	names(ctl, json_object_get(audience, "without_contacts"),
	      say(ctl, "without persons:", "除外联系人:"), "ref", out);
	json_object_foreach(json_object_get(request, "params"), name, value) {
		if (json_is_object(value))	/* said by language */
			value = json_object_get(value, lang_name(ctl->lang));
		buf_printf(&line, " %s=%s", name,
			   json_is_string(value) ? json_string_value(value) : "");
	}
	if (line.len) {
		buf_puts(out, say(ctl, "params:", "参数:"));
		text_clip(out, line.data, width > 10 ? width - 10 : line.len);
		buf_puts(out, "\n");
	}
	buf_fini(&line);
}

static const char *const wave_counts[] = { "total",   "queued",    "sending",
					   "sent",    "delivered", "failed",
					   "expired", "withdrawn", "uncertain" };
#define WAVE_COUNTS (sizeof(wave_counts) / sizeof(*wave_counts))

static void
wave_row(const struct ctl *ctl, json_t *wave, struct grid *t)
{
	msec step = member_int(wave, "step");

	if (step >= 0) {
		grid_cellf(t, "%lld", (long long)member_int(wave, "id"));
		grid_cellf(t, "%lld.%lld", (long long)step,
			   (long long)member_int(wave, "position"));
	} else {
		grid_cell(t, NULL);
		grid_cell(t, NULL);
	}
	grid_cell(t, word(ctl, member_text(wave, "channel")));
	grid_cell(t, word(ctl, member_text(wave, "kind")));
	grid_cell(t, word(ctl, member_text(wave, "state")));
	for (size_t c = 0; c < WAVE_COUNTS; c++)
		grid_cellf(t, "%lld", (long long)member_int(wave, wave_counts[c]));
}

/* Every automatic reply is a wave of its own: they are shown as one. */
static void
add_reply(json_t **replies, json_t *wave)
{
	if (!*replies) {
		*replies = json_copy(wave);
		json_object_set_new(*replies, "step", json_integer(-1));
		json_object_del(*replies, "state");
		return;
	}
	for (size_t c = 0; c < WAVE_COUNTS; c++)
		json_object_set_new(*replies, wave_counts[c],
				    json_integer(member_int(*replies, wave_counts[c]) +
						 member_int(wave, wave_counts[c])));
}

void
view_waves(const struct ctl *ctl, json_t *alert, struct buf *out)
{
	const char *const titles[] = { say(ctl, "wave", "批"),
				       say(ctl, "step", "步骤"),
				       say(ctl, "channel", "渠道"),
				       say(ctl, "kind", "类别"),
				       say(ctl, "state", "状态"),
				       say(ctl, "total", "合计"),
				       word(ctl, "queued"),
				       word(ctl, "sending"),
				       word(ctl, "sent"),
				       word(ctl, "delivered"),
				       word(ctl, "failed"),
				       word(ctl, "expired"),
				       word(ctl, "withdrawn"),
				       word(ctl, "uncertain"),
				       NULL };
	json_t *wave, *replies = NULL;
	struct grid t;
	size_t i;

	if (!json_array_size(json_object_get(alert, "waves")))
		return;
	grid_init(&t, 0x3fe1, titles);
	json_array_foreach(json_object_get(alert, "waves"), i, wave) {
		const char *kind = member_text(wave, "kind");

		if (kind && strcmp(kind, "reply") == 0)
			add_reply(&replies, wave);
		else
			wave_row(ctl, wave, &t);
	}
	if (replies)
		wave_row(ctl, replies, &t);
	json_decref(replies);
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
}

struct ranked {
	json_t *target;
	int level, until;
	bool nobody, moved;
	msec at;
};

static int
unanswered_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	bool xs = x->level >= x->until, ys = y->level >= y->until;

	if (x->moved != y->moved)
		return x->moved - y->moved;
	if (xs == ys && !xs && x->nobody != y->nobody)
		return y->nobody - x->nobody;
	if (xs != ys)
		return xs - ys;
	if (!xs && x->level != y->level)
		return x->level - y->level;
	if (x->at != y->at)
		return x->at < y->at ? 1 : -1; /* the latest news first */
	return (int)(member_int(x->target, "id") - member_int(y->target, "id"));
}

static const char *
coverage_mark(const struct ranked *r)
{
	if (r->moved)
		return ">";
	if (r->level >= r->until)
		return "+";
	return r->level >= LEVEL_ANSWERED ? "~" : r->nobody ? "x" : "!";
}

static void
coverage_level(const struct ctl *ctl, const struct ranked *r, struct grid *t)
{
	const char *to = member_text(r->target, "moved_to_code");

	if (r->moved)
		grid_cellf(t, say(ctl, "moved to %s", "转入 %s"), to ? to : "-");
	else
		grid_cell(t, r->nobody && r->level < LEVEL_ANSWERED ? word(ctl, "nobody")
								    : level_word(ctl, r->level));
}

static void
coverage_row(const struct ctl *ctl, json_t *alert, const struct ranked *r, struct grid *t)
{
	const char *name = member_text(r->target, "name");
	const char *code = member_text(r->target, "division");
	json_t *number = json_object_get(r->target, "division");
	char text[HUMAN];

	grid_cell(t, coverage_mark(r));
	grid_cell(t, name ? name : member_text(r->target, "person"));
	if (code || !json_integer_value(number))
		grid_cell(t, code ? code : member_text(r->target, "contact"));
	else
		grid_cellf(t, "%lld", (long long)json_integer_value(number));
	coverage_level(ctl, r, t);
	grid_cell(t, member_text(r->target, "by"));
	grid_cell(t, r->at ? duration_text(ctl, text, r->at - started_at(alert)) : NULL);
}

void
view_coverage(const struct ctl *ctl, json_t *alert, json_t *targets, size_t skip, size_t rows,
	      struct buf *out)
{
	const char *const titles[] = { " ",
				       say(ctl, "place", "地区"),
				       say(ctl, "code", "代码"),
				       say(ctl, "level", "等级"),
				       say(ctl, "by", "应答人"),
				       say(ctl, "after", "用时"),
				       NULL };
	size_t count = json_array_size(targets),
	       shown = rows && rows < count ? rows : count;
	size_t from = skip < count - shown ? skip : count - shown;
	struct ranked *ranked = xcalloc(count + 1, sizeof(*ranked));
	int until = (int)member_int(alert, "until");
	struct grid t;

	if (!count) {
		free(ranked);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		json_t *target = json_array_get(targets, i);

		ranked[i] = (struct ranked){ target, (int)member_int(target, "level"),
					     until ? until : LEVEL_ACKNOWLEDGED,
					     member_is(target, "nobody"),
					     member_int(target, "moved_to") > 0,
					     member_int(target, "level_at") };
	}
	qsort(ranked, count, sizeof(*ranked), unanswered_first);
	grid_init(&t, 1 << 5, titles);
	for (size_t i = from; i < from + shown; i++)
		coverage_row(ctl, alert, &ranked[i], &t);
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
	if (shown < count && from)
		buf_printf(out, say(ctl, "… and %zu more, %zu above\n", "… 另有 %zu 个,上面 %zu 个\n"),
			   count - shown, from);
	else if (shown < count)
		buf_printf(out, say(ctl, "… and %zu more\n", "… 另有 %zu 个\n"),
			   count - shown);
	free(ranked);
}
