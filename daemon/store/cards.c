/* cards.c -- a contact as a list names him: himself, his numbers, his posts, read and written as one.
 * What is as it was is not written again. */
#include "daemon/store/internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"

void
card_clear(struct card *c)
{
	struct person_post *posts = c->posts;
	size_t cap = c->post_cap;

	*c = (struct card){ .posts = posts, .post_cap = cap };
}

void
card_fini(struct card *c)
{
	free(c->posts);
	*c = (struct card){ 0 };
}

void
card_post_add(struct card *c, int64_t role, division_code division, unsigned order)
{
	if (c->post_count == c->post_cap) {
		c->post_cap = c->post_cap ? c->post_cap * 2 : 4;
		c->posts = xrealloc(c->posts, c->post_cap * sizeof(*c->posts));
	}
	c->posts[c->post_count++] = (struct person_post){ role, division, order };
}

void
card_tag_add(struct card *c, const char *tag)
{
	if (c->tag_count < PERSON_TAGS_MAX)
		snprintf(c->tags[c->tag_count++], TAG_BYTES, "%s", tag);
}

static int
by_key(const void *a, const void *b)
{
	const struct person_post *x = a, *y = b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	if (x->division != y->division)
		return x->division < y->division ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

void
card_sort(struct card *c)
{
	size_t kept = 0;

	if (c->post_count < 2)
		return;
	qsort(c->posts, c->post_count, sizeof(*c->posts), by_key);
	for (size_t i = 1; i < c->post_count; i++)
		if (by_key(&c->posts[kept], &c->posts[i]) != 0)
			c->posts[++kept] = c->posts[i];
	c->post_count = kept + 1;
}

static bool
has_same_numbers(const struct card *a, const struct card *b)
{
	return memcmp(a->numbers, b->numbers, sizeof(a->numbers)) == 0 && a->sms == b->sms &&
		a->voice == b->voice;
}

static bool
has_same_posts(const struct card *a, const struct card *b)
{
	if (a->post_count != b->post_count)
		return false;
	for (size_t i = 0; i < a->post_count; i++)
		if (by_key(&a->posts[i], &b->posts[i]) != 0)
			return false;
	return true;
}

static bool
has_same_tags(const struct card *a, const struct card *b)
{
	if (a->tag_count != b->tag_count)
		return false;
	for (size_t i = 0; i < a->tag_count; i++)
		if (strcmp(a->tags[i], b->tags[i]) != 0)
			return false;
	return true;
}

static bool
is_same_contact(const struct card *a, const struct card *b)
{
	return a->lang == b->lang && a->lang_said == b->lang_said && a->active == b->active && strcmp(a->name, b->name) == 0;
}

bool
card_is(const struct card *a, const struct card *b)
{
	return is_same_contact(a, b) && has_same_numbers(a, b) && has_same_posts(a, b) && has_same_tags(a, b);
}

/* printf was a tenth of a preview's work. */
static void
put_number(struct buf *out, const char *before, uint64_t number)
{
	char text[24], *p = text + sizeof(text);

	do
		*--p = (char)('0' + number % 10);
	while (number /= 10);
	buf_puts(out, before);
	buf_add(out, p, (size_t)(text + sizeof(text) - p));
}

void
card_encode(const struct card *c, struct buf *out)
{
	buf_puts(out, "{\"name\":");
	buf_json(out, c->name);
	put_number(out, ",\"lang\":", c->lang);
	put_number(out, ",\"lang_said\":", c->lang_said);
	put_number(out, ",\"active\":", c->active);
	buf_puts(out, ",\"numbers\":[");
	for (size_t i = 0; i < PERSON_NUMBERS && c->numbers[i]; i++) {
		put_number(out, i ? ",[" : "[", c->numbers[i]);
		put_number(out, ",", c->sms >> i & 1);
		put_number(out, ",", c->voice >> i & 1);
		buf_puts(out, "]");
	}
	buf_puts(out, "],\"posts\":[");
	for (size_t i = 0; i < c->post_count; i++) {
		put_number(out, i ? ",[" : "[", (uint64_t)c->posts[i].role);
		put_number(out, ",", (uint64_t)c->posts[i].division);
		put_number(out, ",", c->posts[i].order);
		buf_puts(out, "]");
	}
	for (size_t i = 0; i < c->tag_count; i++) {
		buf_puts(out, i ? "," : "],\"tags\":[");
		buf_json(out, c->tags[i]);
	}
	buf_puts(out, "]}");
}

static int64_t
item(json_t *list, size_t i)
{
	return json_integer_value(json_array_get(list, i));
}

int
card_decode(struct card *c, const char *ref, const char *text)
{
	json_t *json = json_loads(text, 0, NULL), *one;
	const char *name = json_string_value(json_object_get(json, "name"));
	size_t i;

	card_clear(c);
	if (!name) {
		json_decref(json);
		return -1;
	}
	snprintf(c->ref, sizeof(c->ref), "%s", ref);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->lang = (enum lang)json_integer_value(json_object_get(json, "lang"));
	c->lang_said = json_integer_value(json_object_get(json, "lang_said"));
	c->active = json_integer_value(json_object_get(json, "active"));
	json_array_foreach(json_object_get(json, "numbers"), i, one) {
		if (i == PERSON_NUMBERS)
			break;
		c->numbers[i] = (uint64_t)item(one, 0);
		c->sms |= (unsigned)item(one, 1) << i;
		c->voice |= (unsigned)item(one, 2) << i;
	}
	json_array_foreach(json_object_get(json, "posts"), i, one)
		card_post_add(c, item(one, 0), item(one, 1), (unsigned)item(one, 2));
	json_array_foreach(json_object_get(json, "tags"), i, one)
		card_tag_add(c, json_string_value(one) ? json_string_value(one) : "");
	json_decref(json);
	return 0;
}

static void
keep_post(void *ctx, const struct person_post *post)
{
	card_post_add(ctx, post->role, post->division, post->order);
}

static void
keep_tag(void *ctx, const char *tag)
{
	card_tag_add(ctx, tag);
}

bool
store_card_get(struct store *s, const char *ref, struct card *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, lang, lang_said, active, name FROM contact "
				       "WHERE ref = ?", "t", ref);

	struct person_numbers numbers;

	card_clear(out);
	if (!store_step(s, st))
		return false;
	out->id = (uint32_t)sqlite3_column_int64(st, 0);
	out->lang = (enum lang)sqlite3_column_int(st, 1);
	out->lang_said = sqlite3_column_int(st, 2);
	out->active = sqlite3_column_int(st, 3);
	snprintf(out->ref, sizeof(out->ref), "%s", ref);
	snprintf(out->name, sizeof(out->name), "%s", (const char *)sqlite3_column_text(st, 4));
	store_done(st);
	store_person_numbers(s, out->id, &numbers);
	memcpy(out->numbers, numbers.e164, sizeof(out->numbers));
	out->sms = numbers.sms;
	out->voice = numbers.voice;
	store_person_posts(s, out->id, keep_post, out);
	store_tags_of(s, out->id, keep_tag, out);
	return true;
}

/* Where a page of contacts is damaged, somebody may be there and not be found. */
static uint32_t
insert_contact(struct store *s, const struct card *c)
{
	struct person p = { 0 };

	store_run(s, "INSERT INTO contact (ref, name, lang, lang_said, active) VALUES (?, ?, ?, ?, ?) "
		  "ON CONFLICT (ref) DO UPDATE SET name = excluded.name, lang = excluded.lang, "
		  "lang_said = excluded.lang_said, active = excluded.active, version = version + 1", "ttiii", c->ref, c->name,
		  (int64_t)c->lang, (int64_t)c->lang_said, (int64_t)c->active);
	if (!store_is_careful(s))
		return s->failed ? 0 : (uint32_t)store_last_id(s);
	return store_person_by_ref(s, c->ref, &p) ? p.id : 0;
}

static void
write_numbers(struct store *s, const struct card *c, bool had)
{
	if (had)
		store_run(s, "DELETE FROM number WHERE contact = ?", "i", (int64_t)c->id);
	for (int i = 0; i < PERSON_NUMBERS && c->numbers[i]; i++)
		store_run(s, "INSERT INTO number VALUES (?, ?, ?, ?, ?)", "iiiii", (int64_t)c->id,
			  (int64_t)i, (int64_t)c->numbers[i], (int64_t)(c->sms >> i & 1),
			  (int64_t)(c->voice >> i & 1));
}

static void
write_posts(struct store *s, const struct card *c, bool had)
{
	if (had) {
		store_run(s, "DELETE FROM post WHERE contact = ?", "i", (int64_t)c->id);
		store_run(s, "DELETE FROM post_off WHERE contact = ?", "i", (int64_t)c->id);
	}
	for (size_t i = 0; i < c->post_count; i++)
		if (c->active)
			store_post_put(s, c->posts[i].role, c->posts[i].division, c->posts[i].order, c->id,
				       c->lang);
		else
			store_post_rest(s, c->posts[i].role, c->posts[i].division, c->posts[i].order, c->id);
}

static void
write_tags(struct store *s, const struct card *c)
{
	store_tags_drop(s, c->id, NULL);
	for (size_t i = 0; i < c->tag_count; i++)
		store_tag_put(s, c->id, c->tags[i]);
}

void
store_card_put(struct store *s, const struct card *was, struct card *now)
{
	bool careful = store_is_careful(s), fresh = !was->id;

	s->have_person = false;
	now->id = fresh ? insert_contact(s, now) : was->id;
	if (!now->id)
		return;
	if (!fresh)
		store_run(s, "UPDATE contact SET name = ?, lang = ?, lang_said = ?, active = ?, "
			  "version = version + 1 WHERE id = ?", "tiiii", now->name, (int64_t)now->lang,
			  (int64_t)now->lang_said, (int64_t)now->active, (int64_t)now->id);
	if (fresh || careful || !has_same_numbers(was, now))
		write_numbers(s, now, !fresh || careful);
	if (fresh || careful || was->lang != now->lang || was->active != now->active ||
	    !has_same_posts(was, now))
		write_posts(s, now, !fresh || careful);
	if (careful || !has_same_tags(was, now))
		write_tags(s, now);
}
