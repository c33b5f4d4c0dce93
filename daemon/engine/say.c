/* say.c -- what a turn says: effects, replies, events of an alert, log lines. */
#include "daemon/engine/ground.h"

#include <stdarg.h>
#include <stdio.h>

void
engine_effect(struct engine *e, struct effect *f)
{
	if (e->quiet && f->kind != EFFECT_REPLY)
		effect_free(f);
	else
		effect_push(&e->effects, f);
}

void
engine_took(struct engine *e, int64_t route, const char *driver_id)
{
	struct effect *f;

	if (!driver_id)
		return;
	f = effect_new(EFFECT_TOOK, route);
	f->took = xstrdup(driver_id);
	engine_effect(e, f);
}

void
engine_reply(struct engine *e, uint64_t to, enum reply_kind kind, struct buf *json)
{
	struct effect *f;

	if (!to) {
		buf_fini(json);
		return;
	}
	f = effect_new(EFFECT_REPLY, -1);
	f->reply.to = to;
	f->reply.kind = kind;
	f->reply.json = buf_take(json);
	effect_push(&e->effects, f);
}

void
engine_refuse(struct engine *e, uint64_t to, const struct err *err)
{
	if (to)
		effect_push(&e->effects, effect_refusal(to, err));
}

void
engine_event(struct engine *e, int64_t alert, const char *what, const char *fmt, ...)
{
	char detail[512];
	va_list args;

	if (e->quiet)
		return;
	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	store_event(e->store, alert, e->now, what, detail);
}

void
engine_log(struct engine *e, enum log_level level, const char *fmt, ...)
{
	struct effect *f = effect_new(EFFECT_LOG, -1);
	struct buf line = { 0 };
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_puts(&line, text);
	f->log.level = level;
	f->log.line = buf_take(&line);
	engine_effect(e, f);
}
