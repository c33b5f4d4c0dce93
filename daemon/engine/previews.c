/* previews.c -- which previews of imports there are to be seen to, and what is kept of a row. */
#include "daemon/engine/accept.h"

static void
look_at(void *ctx, const struct staged *q)
{
	struct engine *e = ctx;

	if (q->stage > STAGE_READY && q->stage < STAGE_APPLIED)
		e->imports.applying = q->id;
	else if (q->stage >= STAGE_APPLIED && !q->cursor)
		e->imports.sweep = q->id;
	if (q->stage == STAGE_READY || (q->stage >= STAGE_APPLIED && q->cursor))
		e->imports.at = msec_min(e->imports.at, q->expires_at);
}

void
engine_stage_look(struct engine *e)
{
	e->imports.applying = e->imports.sweep = 0;
	e->imports.at = NEVER;
	store_staged_all(e->store, look_at, e);
}

void
engine_staged_division(struct buf *out, const char *name, const char *params)
{
	buf_puts(out, "{\"name\":");
	buf_json(out, name);
	buf_printf(out, ",\"params\":%s}", params);
}

void
engine_staged_shape(struct buf *out, const struct shape *shape)
{
	buf_puts(out, "{\"area\":");
	buf_json(out, shape->area);
	buf_puts(out, ",\"seat\":");
	buf_json(out, shape->seat);
	buf_puts(out, "}");
}

void
engine_staged_duty(struct buf *out, int64_t role, division_code division, msec from_at, msec to_at)
{
	buf_printf(out, "{\"role\":%lld,\"division\":%lld,\"from\":%lld,\"to\":%lld}", (long long)role,
		   (long long)division, (long long)from_at, (long long)to_at);
}
