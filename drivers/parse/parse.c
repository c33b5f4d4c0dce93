/* parse.c -- gong-parse: reads what other systems wrote, for gongd, which takes none of it into its own
 * memory.  It has no network and no files; one message has CPU_MS, and what needs more kills it, which
 * gongd takes for the message's fault (docs/sources.md).  Its lines: daemon/parse/talk.c. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "core/lines.h"
#include "drivers/kit/kit.h"
#include "drivers/parse/area.h"
#include "drivers/parse/message.h"
#include "files/signal_json.h"

#define CPU_MS 500			/* of one message */
#define MEMORY_MAX ((rlim_t)512 << 20)

struct parse {
	json_t *sources;		/* by name: {"format", "map"} */
	struct areas *areas;
};

/* SIGPROF is fatal: nothing of a message that takes so long is worth waiting for. */
static void
count_cpu(msec ms)
{
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value = { ms / 1000, ms % 1000 * 1000 } }, NULL);
}

static void
on_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	struct parse *p = kit_self(k);
	json_t *ready = json_pack("{s:s,s:i,s:s}", "ev", "ready", "protocol", 1, "version", GONG_VERSION);

	p->sources = json_incref(json_object_get(config, "sources"));
	xml_prepare();
#ifndef __SANITIZE_ADDRESS__		/* whose shadow is larger than any limit */
	setrlimit(RLIMIT_AS, &(struct rlimit){ MEMORY_MAX, MEMORY_MAX });
#endif
	kit_confine(k, &(struct confine){ .open_files = 16 });
	kit_complete_ready(k, ready);
	kit_event(k, ready);
}

/* -- the answer -- */

static json_t *
said_json(const struct said *said)
{
	struct buf values = { 0 };
	json_t *out;

	said_values_json(said, &values);
	out = json_pack("{s:s,s:o}", "concept", phrase_name(said->phrase), "values",
			json_loads(values.data, 0, NULL));
	buf_fini(&values);
	return out;
}

/* One line a signal: gongd takes none that is longer than LINE_MAX_BYTES.  false: this one is. */
static bool
tell_signal(struct kit *k, json_int_t id, const struct signal *s, const struct said *fault)
{
	struct buf text = { 0 };
	json_t *line;

	signal_encode(s, &text);
	if (text.len > LINE_MAX_BYTES / 2) {
		buf_fini(&text);
		return false;
	}
	line = json_pack("{s:s,s:I,s:o}", "ev", "part", "id", id, "signal", json_loads(text.data, 0, NULL));
	if (fault)
		json_object_set_new(line, "fault", said_json(fault));
	kit_event(k, line);
	buf_fini(&text);
	return true;
}

static bool
tell_signals(struct kit *k, json_int_t id, const struct signal_post *post)
{
	for (size_t i = 0, f = 0; i < post->count; i++) {
		const struct said *fault = NULL;

		if (f < post->fault_count && post->faults[f].index == i)
			fault = &post->faults[f++].why;
		if (!tell_signal(k, id, &post->signals[i], fault))
			return false;
	}
	return true;
}

static void
tell_end(struct kit *k, json_int_t id, const struct said *problem, const struct err *refused)
{
	json_t *line = json_pack("{s:s,s:I}", "ev", "parsed", "id", id);

	if (problem)
		json_object_set_new(line, "problem", said_json(problem));
	if (refused) {
		json_object_set_new(line, "refused", json_string(err_kind_name(refused->kind)));
		json_object_set_new(line, "why", said_json(&refused->said));
	}
	kit_event(k, line);
}

/* -- the question -- */

/* NULL: it is no base64; else from the heap. */
static char *
decode(const char *base64, size_t *len)
{
	size_t given = strlen(base64);
	char *out = xmalloc(given / 4 * 3 + 4);
	int n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)base64, (int)given);

	if (n < 0) {
		free(out);
		return NULL;
	}
	for (size_t i = given; i && base64[i - 1] == '='; i--)
		n--;
	*len = (size_t)n;
	return out;
}

static void
on_parse(struct kit *k, json_t *op)
{
	const struct parse *p = kit_self(k);
	const char *name = json_string_value(json_object_get(op, "source"));
	const char *base64 = json_string_value(json_object_get(op, "base64"));
	json_t *source = name ? json_object_get(p->sources, name) : NULL;
	const char *format = json_string_value(json_object_get(source, "format"));
	json_int_t id = json_integer_value(json_object_get(op, "id"));
	struct message m = { .map = json_object_get(source, "map") };
	message_fn read = format ? message_format(format) : NULL;
	char *bytes = base64 ? decode(base64, &m.len) : NULL;
	struct signal_post post = { 0 };
	struct err err = { 0 };
	bool refused = false;

	m.bytes = bytes;
	count_cpu(CPU_MS);
	if (!read || !bytes)
		refused = err_say(&err, REFUSED_FAULT, about(CONCEPT_NONE), parse_unknown, format ? format : "");
	else
		refused = read(&post, &m, &err) < 0;
	if (!refused)
		areas_mean(p->areas, &post);
	if (!refused && !tell_signals(k, id, &post))
		refused = err_say(&err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), signals_too_large);
	count_cpu(0);
	tell_end(k, id, refused ? NULL : post.problem, refused ? &err : NULL);
	signal_post_fini(&post);
	free(bytes);
}

static void
on_other(struct kit *k, const char *name, json_t *op)
{
	const struct parse *p = kit_self(k);

	if (strcmp(name, "parse") == 0)
		on_parse(k, op);
	else if (strcmp(name, "shapes") == 0)
		areas_take(p->areas, op);
}

int
main(void)
{
	static const struct kit_driver driver = { .open = on_open, .other = on_other };
	struct parse p = { .areas = areas_new() };
	int status = kit_main(&driver, &p);

	json_decref(p.sources);
	areas_free(p.areas);
	return status;
}
