/* format.h -- what every format promises of any bytes; a target of one is two lines. */
#ifndef GONG_FUZZ_FORMAT_H
#define GONG_FUZZ_FORMAT_H

#include "tests/fuzz/fuzz.h"

#include "daemon/intake/formats/formats.h"
#include "files/signal_json.h"

/* Whatever was sent, what is kept of it has one form, which the store gives back as it was. */
static inline void
format_signal(const struct signal *s)
{
	struct buf first = { 0 }, second = { 0 };
	struct signal again;

	promise(s->label_count <= SIGNAL_LABELS_MAX && s->area_count <= SIGNAL_AREAS_MAX &&
		s->ref_count <= SIGNAL_REFS_MAX, "a signal stays within its bounds");
	promise(!s->ref || strlen(s->ref) <= SIGNAL_REF_MAX, "a ref has room in an index");
	signal_encode(s, &first);
	promise(signal_decode(&again, first.data) == 0, "what is kept can be read");
	signal_encode(&again, &second);
	promise(strcmp(first.data, second.data) == 0, "a signal has one form");
	signal_fini(&again);
	buf_fini(&first);
	buf_fini(&second);
}

static inline void
format_any(enum source_format format, const struct json_map *map, const uint8_t *data, size_t size)
{
	char *body = xmalloc(size);		/* no NUL: a body has a length */
	struct format_input in = { .bytes = body, .len = size, .map = map, .now = 1796083200000 };
	struct signal_post post = { 0 };
	struct err err = { .text = "" };
	int rc;

	memcpy(body, data, size);
	rc = format_parser(format)(&post, &in, &err);
	promise(rc == 0 || err.kind == REFUSED_UNREADABLE || err.kind == REFUSED_INVALID ||
		err.kind == REFUSED_TOO_LARGE, "a refusal is of a kind that formats have");
	promise(rc == 0 || err.text[0], "a refusal says why");
	for (size_t i = 0; i < post.count; i++)
		format_signal(&post.signals[i]);
	for (size_t i = 0; i < post.fault_count; i++)
		promise(post.faults[i].index < post.count &&
			(!i || post.faults[i].index > post.faults[i - 1].index), "a fault is one signal's");
	signal_post_fini(&post);
	free(body);
}

#endif
