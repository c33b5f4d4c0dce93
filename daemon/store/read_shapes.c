/* read_shapes.c -- where all places lie, page by page, for who looks areas up: also places of which nobody
 * knows it. */
#include "daemon/store/read_internal.h"

#define PAGE_BYTES ((size_t)256 << 10)	/* but for its last row: a line to the child holds it */

static int64_t
generation(struct reader *r)
{
	return read_number(r, read_query(r, "SELECT coalesce((SELECT value FROM meta WHERE name = 'shape_generation'), 0)",
					 ""));
}

static void
put_row(sqlite3_stmt *st, size_t before, struct buf *out)
{
	char code[DIVISION_TEXT];

	division_format(code, sqlite3_column_int64(st, 0));
	buf_printf(out, "%s[\"%s\"", before ? "," : "", code);
	for (int i = 1; i < 3; i++) {
		buf_puts(out, ",");
		buf_json(out, (const char *)sqlite3_column_text(st, i));
	}
	buf_puts(out, "]");
}

int
read_shapes(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	int64_t after = 0, now = generation(r);
	struct buf rows = { 0 };
	sqlite3_stmt *st;
	size_t count = 0;
	bool more = false;

	if (read_cursor(q->after, &after, 1) < 0)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad, q->after);
	if (!*q->after && now == q->alert) {
		buf_printf(out, "%lld 0\n", (long long)now);
		return 0;
	}
	st = read_query(r, "SELECT d.code, s.area, s.seat FROM division d LEFT JOIN shape s ON s.division = d.code "
			"WHERE d.code > ? ORDER BY d.code LIMIT ?", "ii", after, (int64_t)READ_ROWS_MAX + 1);
	while (!more && read_step(r, st)) {
		more = count == READ_ROWS_MAX || rows.len >= PAGE_BYTES;
		if (more)
			continue;
		after = sqlite3_column_int64(st, 0);
		put_row(st, count++, &rows);
	}
	sqlite3_reset(st);
	buf_printf(out, "%lld %lld\n[", (long long)now, more ? (long long)after : 0LL);
	buf_add(out, rows.data ? rows.data : "", rows.len);
	buf_puts(out, "]");
	buf_fini(&rows);
	return 0;
}
