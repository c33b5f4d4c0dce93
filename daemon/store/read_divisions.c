/* read_divisions.c -- places by what somebody typed of one: a name or a part of it, or a code, of which
 * the last digits may be wrong. */
#include "daemon/store/read_internal.h"

#include <string.h>

#define FOUND_MAX 10
#define DIGITS_LEAST 4			/* fewer say nothing about where it is */

struct found {
	struct reader *r;
	struct buf *out;
	size_t count;
};

/* The rows of a statement, at most FOUND_MAX in all. */
static void
put_rows(struct found *f, sqlite3_stmt *st)
{
	while (read_step(f->r, st)) {
		if (f->count < FOUND_MAX) {
			buf_puts(f->out, f->count ? ",{" : "{");
			json_division(f->out, "code", st, 0);
			buf_puts(f->out, ",");
			json_column(f->out, "name", st, 1);
			buf_puts(f->out, "}");
		}
		f->count++;
	}
}

static division_code
power(size_t zeros)
{
	division_code n = 1;

	while (zeros--)
		n *= 10;
	return n;
}

/* Those whose code begins so; where there is none, with fewer digits.  A whole code looks among its
 * like: counties, townships or villages. */
static void
by_code(struct found *f, const char *digits)
{
	size_t len = strlen(digits);
	bool whole = len == 6 || len == 9 || len == 12;
	division_code own = whole ? power(12 - len) : 1, above = whole ? own * 1000 : power(13);

	for (; len >= DIGITS_LEAST && !f->count && !f->r->failed; len--) {
		division_code first = 0, step = power(12 - len);

		for (size_t i = 0; i < 12; i++)
			first = first * 10 + (i < len ? digits[i] - '0' : 0);
		put_rows(f, read_query(f->r, "SELECT code, name FROM division WHERE code >= ? AND code < ? "
				       "AND code % ? = 0 AND code % ? <> 0 ORDER BY code LIMIT ?", "iiiii",
				       first, first + step, own, above, (int64_t)FOUND_MAX + 1));
	}
}

/* Those of that very name, else those that have it in theirs. */
static void
by_name(struct found *f, const char *name)
{
	put_rows(f, read_query(f->r, "SELECT code, name FROM division WHERE name = ? ORDER BY code LIMIT ?",
			       "ti", name, (int64_t)FOUND_MAX + 1));
	if (!f->count)
		put_rows(f, read_query(f->r, "SELECT code, name FROM division WHERE instr(name, ?) > 0 "
				       "ORDER BY code LIMIT ?", "ti", name, (int64_t)FOUND_MAX + 1));
}

int
read_divisions(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	const char *text = q->filter.find;
	struct found f = { r, out, 0 };
	size_t len = strlen(text);

	if (!len)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "find"), is_empty);
	buf_puts(out, "{\"divisions\":[");
	if (strspn(text, "0123456789") == len && len <= 12)
		by_code(&f, text);
	else
		by_name(&f, text);
	buf_printf(out, "],\"more\":%s}", f.count > FOUND_MAX ? "true" : "false");
	return 0;
}
