/* variants.c -- rendered texts and the places they speak of; it does not know who gets them. */
#include "daemon/store/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"

/* As other programs read them: ["990121101001","990121102"]. */
static void
put_places(struct buf *json, const division_code *places, size_t count)
{
	char code[DIVISION_TEXT];

	for (size_t i = 0; i < count; i++) {
		division_format(code, places[i]);
		buf_printf(json, "%s\"%s\"", i ? "," : "[", code);
	}
	buf_puts(json, "]");
}

int64_t
store_variant_insert(struct store *s, const struct variant *v)
{
	struct buf places = { 0 };

	if (v->place_count)
		put_places(&places, v->places, v->place_count);
	store_run(s, "INSERT INTO variant (alert, lang, head, body, parts, template, places, code) "
		  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "iittittt", v->alert, (int64_t)v->lang, v->head,
		  v->body, (int64_t)v->parts, v->template, places.data, v->code);
	buf_fini(&places);
	return store_last_id(s);
}

division_code *
store_variant_places(struct store *s, int64_t id, size_t *count)
{
	sqlite3_stmt *st = store_query(s, "SELECT places FROM variant WHERE id = ?", "i", id);
	division_code *places = NULL;

	*count = 0;
	if (!store_step(s, st))
		return NULL;
	for (const char *p = (const char *)sqlite3_column_text(st, 0); p && (p = strchr(p, '"'));
	     p += strcspn(p, ",")) {
		char code[DIVISION_TEXT];

		snprintf(code, sizeof(code), "%.*s", (int)strcspn(p + 1, "\""), p + 1);
		places = xrealloc(places, (*count + 1) * sizeof(*places));
		if (division_parse(&places[*count], code, NULL) == 0)
			++*count;
	}
	store_done(st);
	return places;
}

static char *
variant_text(struct store *s, const char *sql, int64_t id)
{
	sqlite3_stmt *st = store_query(s, sql, "i", id);
	char *text = NULL;

	if (store_step(s, st))
		text = xstrdup((const char *)sqlite3_column_text(st, 0));
	store_done(st);
	return text;
}

char *
store_variant_template(struct store *s, int64_t id)
{
	return variant_text(s, "SELECT template FROM variant WHERE id = ?", id);
}

char *
store_variant_code(struct store *s, int64_t id)
{
	return variant_text(s, "SELECT code FROM variant WHERE id = ?", id);
}

bool
store_variant_get(struct store *s, int64_t id, char **head, char **body, enum lang *lang,
		  unsigned *parts)
{
	sqlite3_stmt *st = store_query(s, "SELECT head, body, lang, parts FROM variant WHERE id = ?",
				       "i", id);

	if (!store_step(s, st))
		return false;
	*head = xstrdup((const char *)sqlite3_column_text(st, 0));
	*body = xstrdup((const char *)sqlite3_column_text(st, 1));
	*lang = (enum lang)sqlite3_column_int(st, 2);
	*parts = (unsigned)sqlite3_column_int(st, 3);
	store_done(st);
	return true;
}

void
store_variants_of(struct store *s, int64_t alert, uint32_t contact, bool reached, variant_fn fn,
		  void *ctx)
{
	/* Of a call only who picked up has heard. */
	sqlite3_stmt *st = store_query(s, "SELECT DISTINCT v.id, w.kind, v.code FROM wave w JOIN message m "
		"ON m.wave = w.id AND m.contact = ?2 JOIN variant v ON v.id = m.variant "
		"WHERE w.alert = ?1 AND w.kind <> 4 AND (NOT ?3 OR m.state = 3 OR "
		"(w.channel = 0 AND m.state IN (2, 7))) ORDER BY v.id", "iii", alert, (int64_t)contact,
		(int64_t)reached);

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0), (enum wave_kind)sqlite3_column_int(st, 1),
		   (const char *)sqlite3_column_text(st, 2));
}
