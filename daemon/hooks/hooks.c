/* hooks.c -- what gong-hook has in hand, and its life. */
#include "daemon/hooks/hooks.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/children/children.h"

#define SEED 0x686f6f6b			/* "hook": of its back-off */
#define PROGRAM "gong-hook"
#define ANSWER_MS SECONDS(60)		/* gong-hook itself gives up after 15 s */
#define DEATHS_MAX 2			/* that one request may have a part in */

struct hook {				/* one request in hand */
	int64_t id;
	char *line;			/* its operation, for each process anew */
	bool written;			/* the process that runs has it */
	msec written_at;		/* in the child's own time */
	unsigned deaths;		/* of processes that had it */
	struct hook *next;
};

struct hooks {
	struct hooks_ports ports;
	struct children *children;
	struct child *child;
	struct settings *settings;
	struct hook *first, **end;
	size_t count;
	unsigned long taken, failed;
};

static void
hook_free(struct hook *h)
{
	free(h->line);
	free(h);
}

/* Takes it out of the list, and says what became of it. */
static void
report(struct hooks *hooks, struct hook **link, enum hook_fate fate, const char *reason)
{
	struct command *cmd = command_new(CMD_HOOKED, -1);
	struct hook *h = *link;

	*link = h->next;
	if (hooks->end == &h->next)
		hooks->end = link;
	hooks->count--;
	if (fate == HOOK_TAKEN)
		hooks->taken++;
	else
		hooks->failed++;
	cmd->by.kind = PRINCIPAL_GONG;
	cmd->hooked.id = h->id;
	cmd->hooked.fate = fate;
	cmd->hooked.reason = xstrdup(reason);
	hooks->ports.submit(hooks->ports.ctx, cmd);
	hook_free(h);
}

static struct hook **
find(struct hooks *hooks, int64_t id)
{
	struct hook **link = &hooks->first;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

/* -- its process -- */

static char *
on_program(void *owner, struct err *err)
{
	return settings_program(((struct hooks *)owner)->settings, PROGRAM, err);
}

static void
queue(struct hooks *hooks, const char *text)
{
	struct buf line = { 0 };

	buf_puts(&line, text);
	child_queue(hooks->child, &line);
	buf_fini(&line);
}

static void
on_born(void *owner)
{
	queue(owner, "{\"op\":\"open\",\"protocol\":1,\"route\":\"hook\",\"config\":{}}");
}

/* After a death those that it had go one by one: each may be the one that it died of. */
static void
write_waiting(struct hooks *hooks)
{
	bool suspect = false;

	for (struct hook *h = hooks->first; h; h = h->next)
		suspect |= h->written && h->deaths;
	for (struct hook *h = hooks->first; h && child_state(hooks->child) == CHILD_UP; h = h->next) {
		if (h->written || (h->deaths && suspect))
			continue;
		suspect |= h->deaths > 0;
		h->written = true;
		h->written_at = child_now(hooks->child);
		queue(hooks, h->line);
	}
}

static enum hook_fate
fate_of(const char *word)
{
	return word && strcmp(word, "taken") == 0 ? HOOK_TAKEN : word && strcmp(word, "never") == 0 ? HOOK_NEVER
		: HOOK_LATER;
}

/* {"code": name, "values": […]} as phrases go in the protocol, or a text. */
static void
on_posted(struct hooks *hooks, json_t *event)
{
	const char *id = json_string_value(json_object_get(event, "id"));
	const char *reason = json_string_value(json_object_get(event, "reason"));
	json_int_t status = json_integer_value(json_object_get(event, "status"));
	struct hook **link = find(hooks, id ? strtoll(id, NULL, 10) : 0);
	enum hook_fate fate = fate_of(json_string_value(json_object_get(event, "fate")));

	if (!*link) {
		child_babbled(hooks->child);
		return;
	}
	if (fate == HOOK_TAKEN)
		report(hooks, link, fate, NULL);
	else if (status)
		report(hooks, link, fate, SAID(hook_status, NUM(status)));
	else if (reason && strcmp(reason, "loopback") == 0)
		report(hooks, link, fate, WORD(hook_loopback));
	else if (reason && strcmp(reason, "closing") == 0)
		report(hooks, link, fate, WORD(hook_closing));
	else
		report(hooks, link, fate, reason ? reason : "");
	write_waiting(hooks);
}

static void
on_line(void *owner, char *line, size_t len)
{
	struct hooks *hooks = owner;
	json_t *event = json_loadb(line, len, 0, NULL);
	const char *name = json_string_value(json_object_get(event, "ev"));
	const char *reason = json_string_value(json_object_get(event, "reason"));

	if (name && strcmp(name, "posted") == 0) {
		on_posted(hooks, event);
	} else if (name && strcmp(name, "ready") == 0) {
		child_is_ready(hooks->child);
		write_waiting(hooks);
	} else if (name && strcmp(name, "pong") == 0) {
		child_ponged(hooks->child, (unsigned long)json_integer_value(json_object_get(event, "n")));
	} else if (name && strcmp(name, "fatal") == 0) {
		child_leaves(hooks->child, reason ? reason : "it does not say why",
			     !json_is_true(json_object_get(event, "retry")));
	} else if (!name) {
		child_babbled(hooks->child);
	}
	json_decref(event);
}

static void
on_read(void *owner)
{
}

static void
on_muttered(void *owner, const char *line)
{
	struct hooks *hooks = owner;

	if (line)
		hooks->ports.log(hooks->ports.ctx, LOG_STORY, "gong-hook says: %s", line);
}

static const char *
on_late(void *owner, msec now)
{
	const struct hooks *hooks = owner;

	for (const struct hook *h = hooks->first; h; h = h->next)
		if (h->written && h->written_at + ANSWER_MS <= now)
			return WORD(child_late);
	return NULL;
}

/* What it had may have left: it goes again, by the same key. */
static enum child_next
on_ended(void *owner, const char *reason, bool for_good, enum child_blame blame)
{
	struct hooks *hooks = owner;
	struct hook **link = &hooks->first;
	bool stopping = children_are_stopping(hooks->children);

	if (!stopping)
		hooks->ports.log(hooks->ports.ctx, LOG_ERROR, "gong-hook ended reason=\"%s\"", ENGLISH(reason));
	while (*link) {
		(*link)->deaths += (*link)->written;
		(*link)->written = false;
		if (!stopping && (for_good || (*link)->deaths >= DEATHS_MAX))
			report(hooks, link, HOOK_LATER, for_good ? reason : WORD(hook_died));
		else
			link = &(*link)->next;
	}
	return CHILD_AS_IT_WAS;
}

static const struct child_ops ops = {
	.program = on_program, .born = on_born, .line = on_line, .read = on_read, .muttered = on_muttered,
	.late = on_late, .ended = on_ended,
};

/* -- what it is given -- */

static void
member(json_t *op, const char *name, const char *text)
{
	if (text)
		json_object_set_new(op, name, json_string(text));
}

static char *
line_of(const struct effect *f)
{
	json_t *op = json_pack("{s:s,s:o,s:s,s:s,s:s,s:b}", "op", "post", "id",
			       json_sprintf("%lld", (long long)f->hook.id), "method", f->hook.is_post ? "POST" : "GET",
			       "url", f->hook.url, "key", f->hook.key, "loopback", f->hook.loopback);
	char *line;

	member(op, "type", f->hook.type);
	member(op, "body", f->hook.body);
	member(op, "time", f->hook.time);
	member(op, "signature", f->hook.signature);
	line = json_dumps(op, JSON_COMPACT);
	json_decref(op);
	return line;
}

void
hooks_effect(struct hooks *hooks, const struct effect *f)
{
	struct hook *h = xcalloc(1, sizeof(*h));

	h->id = f->hook.id;
	h->line = line_of(f);
	*hooks->end = h;
	hooks->end = &h->next;
	hooks->count++;
	if (!hooks->child) {
		hooks->child = child_new(hooks->children, &ops, hooks, SEED);
		child_start(hooks->child);
	} else if (child_state(hooks->child) == CHILD_STOPPED && !children_are_stopping(hooks->children)) {
		child_wake(hooks->child);
	}
	write_waiting(hooks);
}

struct hooks *
hooks_open(struct children *children, struct settings *settings, const struct hooks_ports *ports)
{
	struct hooks *hooks = xcalloc(1, sizeof(*hooks));

	hooks->ports = *ports;
	hooks->children = children;
	hooks->settings = settings_ref(settings);
	hooks->end = &hooks->first;
	return hooks;
}

void
hooks_reload(struct hooks *hooks, struct settings *settings)
{
	settings_ref(settings);
	settings_unref(hooks->settings);
	hooks->settings = settings;
}

void
hooks_metrics(const struct hooks *hooks, struct buf *out)
{
	buf_printf(out, "# TYPE gong_callbacks_out gauge\ngong_callbacks_out %zu\n", hooks->count);
	buf_printf(out, "# TYPE gong_callbacks_taken_total counter\ngong_callbacks_taken_total %lu\n", hooks->taken);
	buf_printf(out, "# TYPE gong_callbacks_failed_total counter\ngong_callbacks_failed_total %lu\n", hooks->failed);
}

void
hooks_close(struct hooks *hooks)
{
	if (!hooks)
		return;
	child_free(hooks->child);
	while (hooks->first) {
		struct hook *h = hooks->first;

		hooks->first = h->next;
		hook_free(h);
	}
	settings_unref(hooks->settings);
	free(hooks);
}
