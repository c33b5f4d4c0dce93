/* message.h -- what every format of gong-parse promises of any bytes; a target of one is two lines. */
#ifndef GONG_FUZZ_MESSAGE_H
#define GONG_FUZZ_MESSAGE_H

#include "drivers/parse/message.h"
#include "tests/fuzz/format.h"

/* `map`: of a mapping file as JSON, or NULL. */
static inline void
message_any(message_fn read, const char *map, const uint8_t *data, size_t size)
{
	char *body = xmalloc(size + 1);
	struct message m = { .bytes = body, .len = size, .map = map ? json_loads(map, 0, NULL) : NULL };
	struct signal_post post = { 0 };
	struct err err = { .text = "" };
	int rc;

	memcpy(body, data, size);
	rc = read(&post, &m, &err);
	promise(rc == 0 || err.kind == REFUSED_UNREADABLE || err.kind == REFUSED_INVALID ||
		err.kind == REFUSED_TOO_LARGE, "a refusal is of a kind that formats have");
	promise(rc == 0 || err.text[0], "a refusal says why");
	promise(rc < 0 || post.count > 0, "what can be read says something");
	for (size_t i = 0; i < post.count; i++) {
		format_signal(&post.signals[i]);
		promise(post.signals[i].ref && post.signals[i].sent_at, "it is known and dated");
	}
	signal_post_fini(&post);
	json_decref(m.map);
	free(body);
}

#endif
