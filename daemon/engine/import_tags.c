/* import_tags.c -- the tags that a list of people says: in the columns that it has they are all that counts,
 * those of other columns stay. */
#include "daemon/engine/lookup.h"

#include <stdlib.h>
#include <string.h>

/* Is it of a column that the file has? */
static bool
is_said(const struct import_request *q, const char *tag)
{
	for (size_t i = 0; i < q->tag_column_count; i++) {
		size_t len = strlen(q->tag_columns[i]);

		if (strncmp(tag, q->tag_columns[i], len) == 0 && tag[len] == ':')
			return true;
	}
	return false;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
engine_tags_wanted(const struct import_request *q, const struct import_row *row, const struct card *was,
		   struct card *now)
{
	for (size_t i = 0; i < was->tag_count; i++)
		if (!is_said(q, was->tags[i]))
			card_tag_add(now, was->tags[i]);
	for (size_t i = 0; i < row->tag_count; i++)
		card_tag_add(now, row->tags[i]);
	qsort(now->tags, now->tag_count, sizeof(*now->tags), by_name);
}

struct keeping {
	const struct import_request *q;
	size_t kept;
};

static void
count_kept(void *ctx, const char *tag)
{
	struct keeping *k = ctx;

	k->kept += !is_said(k->q, tag);
}

void
engine_check_tags(struct engine *e, struct import_request *q, const struct import_row *row)
{
	struct keeping k = { .q = q };
	size_t before = q->fresh_tags.count;
	struct person p;

	if (!row->tag_count)
		return;
	if (store_person_by_ref(e->store, row->ref, &p))
		store_tags_of(e->store, p.id, count_kept, &k);
	if (k.kept + row->tag_count > PERSON_TAGS_MAX)
		faults_say(&q->faults, about_row(row->line, q->tag_columns[0]), row->ref, tags_of_one,
			   NUM(PERSON_TAGS_MAX));
	for (size_t i = 0; i < row->tag_count; i++)
		if (!store_tag_id(e->store, row->tags[i]))
			table_put(&q->fresh_tags, table_key(row->tags[i]), q);
	if (q->fresh_tags.count > before && store_tags_count(e->store) + q->fresh_tags.count > TAGS_MAX)
		faults_say(&q->faults, about_row(row->line, q->tag_columns[0]), row->tags[0], tags_of_all,
			   NUM(TAGS_MAX));
}
