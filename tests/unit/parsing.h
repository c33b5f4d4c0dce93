/* parsing.h -- what the tests of gong-parse's formats share: a message, and what came of it in short. */
#ifndef GONG_UNIT_PARSING_H
#define GONG_UNIT_PARSING_H

#include "core/buf.h"
#include "drivers/parse/message.h"

static inline void
put_areas(struct buf *out, const struct signal *s)
{
	for (size_t i = 0; i < s->area_count; i++) {
		const struct signal_area *a = &s->areas[i];

		buf_printf(out, " [%s", a->name ? a->name : "");
		for (size_t k = 0; k < a->code_count; k++)
			buf_printf(out, " %s=%s", a->codes[k].scheme, a->codes[k].value);
		for (size_t k = 0; k < a->ring_count; k++)
			buf_printf(out, " polygon:%zu", a->rings[k].count);
		for (size_t k = 0; k < a->circle_count; k++)
			buf_printf(out, " circle:%g", a->circles[k].radius_km);
		buf_puts(out, "]");
	}
}

/* One line a signal: what the office's rules go by. */
static inline void
put_signal(struct buf *out, const struct signal *s)
{
	const char *part = strrchr(s->ref, '#');

	buf_printf(out, "%s %s %s %s %s", signal_act_name(s->act), signal_mode_name(s->mode), part,
		   s->severity < 0 ? "-" : severity_name((enum severity)s->severity), s->kind ? s->kind : "-");
	for (int lang = 0; lang < LANG_COUNT; lang++)
		if (signal_text(s, (enum lang)lang, "headline"))
			buf_printf(out, " %s:%s", lang_name((enum lang)lang), signal_text(s, (enum lang)lang, "headline"));
	put_areas(out, s);
	buf_printf(out, " refs:%zu\n", s->ref_count);
}

#define MAP "{\"kinds\":{\"11B03\":\"rainstorm\"},\"severities\":{\"Red\":\"red\",\"Orange\":\"orange\"}," \
	"\"elements\":{\"sent\":\"sendTime\",\"event\":\"eventType\"}}"

static inline void
read_bytes_as(struct buf *out, message_fn read, const char *bytes, size_t len)
{
	struct message m = { .bytes = bytes, .len = len, .map = json_loads(MAP, 0, NULL) };
	struct signal_post post = { 0 };
	struct err err = { 0 };

	buf_puts(out, "");
	if (read(&post, &m, &err) < 0)
		buf_printf(out, "%s %s", err_kind_name(err.kind), phrase_name(err.said.phrase));
	for (size_t i = 0, f = 0; i < post.count; i++) {
		if (f < post.fault_count && post.faults[f].index == i)
			buf_printf(out, "! %s ", phrase_name(post.faults[f++].why.phrase));
		put_signal(out, &post.signals[i]);
	}
	if (post.problem)
		buf_printf(out, "? %s", phrase_name(post.problem->phrase));
	signal_post_fini(&post);
	json_decref(m.map);
}

#endif
