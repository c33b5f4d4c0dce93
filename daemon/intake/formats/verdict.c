/* verdict.c -- rules tried on what a source sends, and nothing done about it. */
#include "daemon/intake/formats/verdict.h"

#include <stdio.h>
#include <string.h>

#include "files/read.h"
#include "files/signal_json.h"

static const struct signal_fault *
fault_of(const struct signal_post *post, size_t i)
{
	for (size_t f = 0; f < post->fault_count; f++)
		if (post->faults[f].index == i)
			return &post->faults[f];
	return NULL;
}

const char *
verdict_of(const struct source_conf *c, const struct signal_post *post, size_t i)
{
	const struct signal *s = &post->signals[i];
	const struct rule *rule;
	division_code *places;
	size_t count, unknown;

	if (fault_of(post, i))
		return "refused";
	if (s->act > SIGNAL_UPDATE)
		return "ignored";
	places = xcalloc(SIGNAL_CODES_MAX, sizeof(*places));
	count = rule_divisions(s, places, SIGNAL_CODES_MAX, &unknown);
	rule = rule_find(c->rules.list, c->rules.count, s, places, count);
	free(places);
	return rule ? rule->name : "unmatched";
}

static void
put_one(const struct source_conf *c, const struct signal_post *post, size_t i, struct buf *out)
{
	const struct signal_fault *fault = fault_of(post, i);

	buf_puts(out, i ? ",{\"verdict\":" : "{\"verdict\":");
	buf_json(out, verdict_of(c, post, i));
	buf_puts(out, ",\"fault\":");
	buf_json(out, fault ? phrase_name(fault->why.phrase) : NULL);
	buf_puts(out, ",\"signal\":");
	signal_encode(&post->signals[i], out);
	buf_puts(out, "}");
}

void
verdict_json(const struct source_conf *c, const struct signal_post *post, struct buf *out)
{
	buf_puts(out, "{\"signals\":[");
	for (size_t i = 0; i < post->count; i++)
		put_one(c, post, i, out);
	buf_puts(out, "]}");
}

#define WHERE_MAX 300

struct trying {
	const struct source_conf *conf;
	sample_read_fn read;
	sample_fn fn;
	void *ctx;
};

/* All that the file holds must come to that.  true: it does; else `why` says what does not. */
static bool
sample_holds(const struct trying *t, const struct rule_sample *sample, const char *where,
	     const struct format_input *in, struct said *why)
{
	const struct source_conf *c = t->conf;
	struct signal_post post = { 0 };
	struct err err = { 0 };
	bool read = t->read(t->ctx, c, in, &post, &err) == 0;
	bool holds = read ? post.count > 0 : strcmp(sample->expect, "refused") == 0;
	char place[24];

	if (!holds && !read)
		SAY(why, check_sample_unread, where, sample->name, sample->file, NEST(&err.said));
	else if (!holds)
		SAY(why, check_sample_empty, where, sample->name, sample->file);
	for (size_t i = 0; i < post.count && holds && read; i++) {
		holds = strcmp(verdict_of(c, &post, i), sample->expect) == 0;
		if (!holds)
			SAY(why, check_sample_other, where, sample->name, number_text(place, (long long)i + 1),
			    sample->file, verdict_of(c, &post, i), sample->expect);
	}
	signal_post_fini(&post);
	return holds;
}

void
verdict_samples(const struct source_conf *c, msec now, sample_read_fn read, sample_fn fn, void *ctx)
{
	const struct trying t = { c, read, fn, ctx };

	for (size_t i = 0; i < c->rules.sample_count; i++) {
		const struct rule_sample *sample = &c->rules.samples[i];
		char where[WHERE_MAX];
		struct err err = { 0 };
		struct said why;
		size_t len = 0;
		char *bytes = file_read(sample->file, FILE_CONF_MAX, &len, &err);
		struct format_input in = { .bytes = bytes, .len = len, .map = c->rules.map, .now = now };

		snprintf(where, sizeof(where), "%s:%u", c->rules.path, sample->line);
		if (!bytes) {
			SAY(&why, check_sample_unread, where, sample->name, sample->file, NEST(&err.said));
			fn(ctx, &why);
		} else if (!sample_holds(&t, sample, where, &in, &why)) {
			fn(ctx, &why);
		}
		free(bytes);
	}
}
