/* import_rows.c -- which rows of an import's file are about the same person, place or duty. */
#include "daemon/engine/accept.h"

#include <string.h>

#define LINK_SLICE 20000		/* rows in a turn */

static uint64_t
key_of(enum import_kind kind, const struct import_row *row)
{
	switch (kind) {
	case IMPORT_DIVISIONS:
	case IMPORT_GEOMETRY:
		return (uint64_t)row->code;
	case IMPORT_CONTACTS:
		return table_key(row->ref);
	case IMPORT_ROSTER:
		return table_key(row->ref) ^ (uint64_t)row->code << 8 ^ (uint64_t)row->from_at ^
			(uint64_t)row->role << 56;
	}
	return 0;
}

static bool
is_same_key(enum import_kind kind, const struct import_row *a, const struct import_row *b)
{
	switch (kind) {
	case IMPORT_DIVISIONS:
	case IMPORT_GEOMETRY:
		return a->code == b->code;
	case IMPORT_CONTACTS:
		return strcmp(a->ref, b->ref) == 0;
	case IMPORT_ROSTER:
		return a->code == b->code && a->from_at == b->from_at && a->role == b->role &&
			strcmp(a->ref, b->ref) == 0;
	}
	return false;
}

const struct import_row *
engine_import_named(const struct import_request *q, const struct import_row *like)
{
	size_t i = (size_t)(uintptr_t)table_get(&q->by_key, key_of(q->kind, like));

	return i && is_same_key(q->kind, &q->rows[i - 1], like) ? &q->rows[i - 1] : NULL;
}

/* Memory only: what a failed turn has linked stays so. */
bool
engine_import_link(struct import_request *q)
{
	size_t end = q->linked + LINK_SLICE < q->row_count ? q->linked + LINK_SLICE : q->row_count;

	for (; q->linked < end; q->linked++) {
		struct import_row *row = &q->rows[q->linked];
		uint64_t key = key_of(q->kind, row);
		size_t before = (size_t)(uintptr_t)table_get(&q->by_key, key);

		if (before && is_same_key(q->kind, &q->rows[before - 1], row)) {
			q->rows[before - 1].next = (uint32_t)q->linked + 1;
			row->follows = true;
		}
		table_put(&q->by_key, key, (void *)(uintptr_t)(q->linked + 1));
	}
	return q->linked == q->row_count;
}
