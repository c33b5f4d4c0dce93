/* say.c -- a round as signals: one, or, where that is more than a line can carry, a few, each after the one
 * before it is taken.  What is then seen goes with it, so that neither is in the books without the other. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/feed/feed.h"

#define SIGNAL_MAX (KIT_LINE_MAX - 2 * SEEN_TEXT)	/* of its documents; the rest of the line is `keep` */

static bool
is_last_of_item(const struct round *r, size_t i)
{
	return i + 1 == r->count || r->documents[i + 1].mark != r->documents[i].mark;
}

/* As many as have room, at least one. */
static size_t
room_to(const struct round *r, size_t from)
{
	size_t size = 0, to = from;

	while (to < r->count && (to == from || size + r->documents[to].size + 1 <= SIGNAL_MAX))
		size += r->documents[to++].size + 1;
	return to;
}

/* Everything was read that is there: the next look is not the first.  Where nothing at all could be
 * fetched somebody must mend the options, and what is old by then shall not ring. */
static bool
is_whole(const struct round *r)
{
	return r->ok && !r->left && (r->count || !r->failed);
}

static void
foresee(struct feed *f)
{
	const struct round *r = &f->round;
	list_mark *marks = xcalloc(f->to - f->from, sizeof(*marks));
	size_t count = 0;

	for (size_t i = f->from; i < f->to; i++)
		if (is_last_of_item(r, i))
			marks[count++] = r->documents[i].mark;
	seen_fini(&f->after);
	seen_copy(&f->after, &f->seen);
	seen_add(&f->after, marks, count);
	if (f->to == r->count) {
		seen_add(&f->after, r->present, r->present_count);
		f->after.known |= is_whole(r);
	}
	free(marks);
}

/* Of what it says: another process that says the same says it under the same name. */
static void
name_it(struct feed *f)
{
	struct buf marks = { 0 };

	for (size_t i = f->from; i < f->to; i++)
		buf_printf(&marks, "%" PRIx64 "/", f->round.documents[i].mark);
	snprintf(f->id, sizeof(f->id), "%010" PRIx64 "-%u", list_mark_of(marks.data, marks.len), f->turn % 1000000);
	buf_fini(&marks);
}

static void
say_next(struct feed *f)
{
	json_t *documents = json_array();
	char keep[SEEN_TEXT];

	f->to = room_to(&f->round, f->from);
	foresee(f);
	name_it(f);
	for (size_t i = f->from; i < f->to; i++)
		json_array_append(documents, f->round.documents[i].json);
	seen_text(&f->after, f->conf.url, keep);
	if (!kit_signal(f->kit, f->id, f->first, keep, documents))
		kit_fatal(f->kit, "a document is larger than a line to gongd", true);
}

/* Nothing new; that the first look is over must be kept all the same. */
static void
say_nothing(struct feed *f)
{
	bool known = f->seen.known;
	char keep[SEEN_TEXT];

	seen_add(&f->seen, f->round.present, f->round.present_count);
	f->seen.known |= is_whole(&f->round);
	seen_text(&f->seen, f->conf.url, keep);
	if (f->round.ok)
		kit_beat(f->kit, f->seen.known != known ? keep : NULL);
}

bool
say_round(struct feed *f)
{
	f->from = f->to = 0;
	f->first = !f->seen.known;
	if (f->round.count)
		say_next(f);
	else
		say_nothing(f);
	return !f->round.count;
}

bool
say_taken(struct feed *f, const char *id)
{
	if (!f->id[0] || strcmp(id, f->id) != 0)
		return false;
	f->id[0] = '\0';
	seen_fini(&f->seen);
	f->seen = f->after;
	f->after = (struct seen){ 0 };
	f->from = f->to;
	if (f->from < f->round.count)
		say_next(f);
	return f->from == f->round.count;
}
