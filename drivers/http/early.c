/* early.c -- what a provider calls our calls, and news that came before it had said so.  Both are in the
 * journal: a provider tells the end of a call, or its key, once, and by its own name only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/http/http.h"

#define KEEP_MS MINUTES(15)		/* a call and what is told after it */
#define NAMES_MAX 1000
#define NEWS_MAX 1000
#define NAME_KIND 'C'
#define NEWS_KIND 'E'

struct call_name {
	TAILQ_ENTRY(call_name) link;
	char id[KIT_ID], ref[65], to[24];	/* ref "" = not known */
	bool is_old;			/* of a process before this one */
	msec until;
	struct record *record;		/* NULL = not on the disk yet */
};

struct early_news {
	TAILQ_ENTRY(early_news) link;
	char ref[65];
	json_t *item;
	msec until;
	struct record *record;
};

static void
over(struct http *h, struct record *record)
{
	if (record)
		journal_told_all(kit_journal(h->kit), record);
}

static void
name_end(struct http *h, struct call_name *n)
{
	TAILQ_REMOVE(&h->early.names, n, link);
	h->early.name_count--;
	over(h, n->record);
	free(n);
}

static struct call_name *
name_of(const struct http *h, const char *id)
{
	struct call_name *n;

	TAILQ_FOREACH(n, &h->early.names, link)
		if (strcmp(n->id, id) == 0)
			return n;
	return NULL;
}

static struct call_name *
name_add(struct http *h, const char *id)
{
	struct call_name *n = xcalloc(1, sizeof(*n));

	if (h->early.name_count == NAMES_MAX)
		name_end(h, TAILQ_FIRST(&h->early.names));
	snprintf(n->id, sizeof(n->id), "%s", id);
	n->until = timer_now() + KEEP_MS;
	TAILQ_INSERT_TAIL(&h->early.names, n, link);
	h->early.name_count++;
	return n;
}

/* The newest record of a name is the one that counts. */
static void
on_name_kept(void *ctx, struct record *record, const char *trouble)
{
	struct http *h = ctx;
	json_t *json = h->is_open ? json_loads(record->in.bytes, 0, NULL) : NULL;
	const char *id = json_string_value(json_object_get(json, "id"));
	struct call_name *n = id ? name_of(h, id) : NULL;

	if (n) {
		over(h, n->record);
		n->record = record;
	} else if (h->is_open) {
		over(h, record);
	}
	record_forget_bytes(record);
	json_decref(json);
}

static void
keep(struct http *h, char kind, json_t *json, void (*kept)(void *, struct record *, const char *))
{
	char *text = json_dumps(json, JSON_COMPACT);

	journal_keep(kit_journal(h->kit), kind, text, strlen(text), 0, kept, h);
	json_decref(json);
}

void
early_name(struct http *h, const char *id, const char *ref, const char *to)
{
	struct call_name *n = name_of(h, id);

	if (strlen(id) >= KIT_ID)
		return;
	if (n)
		n->until = timer_now() + KEEP_MS;
	if (n && (!ref[0] || strcmp(n->ref, ref) == 0))
		return;
	if (!n)
		n = name_add(h, id);
	snprintf(n->ref, sizeof(n->ref), "%s", ref);
	if (to)
		snprintf(n->to, sizeof(n->to), "%s", to);
	keep(h, NAME_KIND, json_pack("{s:s,s:s,s:s,s:I}", "id", n->id, "ref", n->ref, "to", n->to,
				     "at", (json_int_t)kit_now()), on_name_kept);
}

const char *
early_id(const struct http *h, const char *ref, const char *to)
{
	const struct call_name *n, *only = NULL;
	unsigned of_number = 0;

	TAILQ_FOREACH(n, &h->early.names, link) {
		if (n->ref[0] && strcmp(n->ref, ref) == 0)
			return n->id;
		if (to && n->is_old && !n->ref[0] && strcmp(n->to, to) == 0) {
			only = n;
			of_number++;
		}
	}
	return of_number == 1 ? only->id : NULL;
}

bool
early_has_nameless(const struct http *h)
{
	const struct call_name *n;

	TAILQ_FOREACH(n, &h->early.names, link)
		if (n->is_old && !n->ref[0])
			return true;
	return false;
}

/* --- news ----------------------------------------------------------------------------------------- */

static void
news_take(struct http *h, struct early_news *e)
{
	TAILQ_REMOVE(&h->early.news, e, link);
	h->early.news_count--;
}

/* It is in the list no more. */
static void
news_end(struct http *h, struct early_news *e)
{
	over(h, e->record);
	json_decref(e->item);
	free(e);
}

static struct early_news *
news_add(struct http *h, json_t *json, struct record *record)
{
	const char *ref = json_string_value(json_object_get(json, "ref"));
	json_t *item = json_object_get(json, "item");
	struct early_news *e;

	if (!ref || !item)
		return NULL;
	if (h->early.news_count == NEWS_MAX) {
		e = TAILQ_FIRST(&h->early.news);
		news_take(h, e);
		news_end(h, e);
	}
	e = xcalloc(1, sizeof(*e));
	*e = (struct early_news){ .item = json_incref(item), .record = record, .until = timer_now() + KEEP_MS };
	snprintf(e->ref, sizeof(e->ref), "%s", ref);
	TAILQ_INSERT_TAIL(&h->early.news, e, link);
	h->early.news_count++;
	return e;
}

static void
on_news_kept(void *ctx, struct record *record, const char *trouble)
{
	struct http *h = ctx;
	char ref[sizeof(((struct early_news *)0)->ref)];
	json_t *json;
	struct early_news *e;

	if (!h->is_open)
		return;
	json = json_loads(record->in.bytes, 0, NULL);
	e = news_add(h, json, record);
	record_forget_bytes(record);
	json_decref(json);
	h->early.keeping--;
	if (!e)
		return;
	memcpy(ref, e->ref, sizeof(ref));
	h->early.kept(h, ref, false);
}

void
early_keep(struct http *h, const char *ref, json_t *item)
{
	h->early.keeping++;
	keep(h, NEWS_KIND, json_pack("{s:s,s:I,s:O}", "ref", ref, "at", (json_int_t)kit_now(), "item", item),
	     on_news_kept);
}

bool
early_tell(struct http *h, const char *ref, void (*tell)(struct http *, json_t *item))
{
	struct record *before = h->telling.record;
	struct early_news *e;

	TAILQ_FOREACH(e, &h->early.news, link)
		if (strcmp(e->ref, ref) == 0)
			break;
	if (!e)
		return false;
	news_take(h, e);		/* telling it may tell the others */
	h->telling.record = e->record;
	tell(h, e->item);
	h->telling.record = before;
	news_end(h, e);
	return true;
}

/* --- its time ---------------------------------------------------------------------------------- */

/* How long it still counts; the clock may have been set meanwhile. */
static msec
left(json_t *json)
{
	msec age = kit_now() - json_integer_value(json_object_get(json, "at"));

	return KEEP_MS - (age < 0 ? 0 : msec_min(age, KEEP_MS));
}

static bool
load_name(struct http *h, json_t *json, struct record *record)
{
	const char *id = json_string_value(json_object_get(json, "id"));
	const char *ref = json_string_value(json_object_get(json, "ref"));
	const char *to = json_string_value(json_object_get(json, "to"));
	struct call_name *n;

	if (!id || !ref || !to || strlen(id) >= KIT_ID)
		return false;
	n = name_of(h, id);
	if (!n)
		n = name_add(h, id);
	snprintf(n->ref, sizeof(n->ref), "%s", ref);
	snprintf(n->to, sizeof(n->to), "%s", to);
	over(h, n->record);
	n->record = record;
	n->is_old = true;
	n->until = timer_now() + left(json);
	return true;
}

static void
load(struct http *h, struct record *record)
{
	json_t *json = json_loadb(record->in.bytes, record->in.len, 0, NULL);
	struct early_news *e = NULL;
	bool is_ours;

	if (record->in.kind == NAME_KIND) {
		is_ours = load_name(h, json, record);
	} else {
		e = news_add(h, json, record);
		is_ours = e != NULL;
		if (e)
			e->until = timer_now() + left(json);
	}
	if (!is_ours)
		over(h, record);
	json_decref(json);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct call_name *n, *next_name;
	struct early_news *e, *next;
	msec now = timer_now();

	for (n = TAILQ_FIRST(&h->early.names); n; n = next_name) {
		next_name = TAILQ_NEXT(n, link);
		if (n->until <= now)
			name_end(h, n);
	}
	for (e = TAILQ_FIRST(&h->early.news); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (e->until > now)
			continue;
		kit_log("news of a call that nobody placed, dropped");
		news_take(h, e);
		news_end(h, e);
	}
}

void
early_init(struct http *h, void (*kept)(struct http *, const char *ref, bool is_old))
{
	const struct journal *journal = kit_journal(h->kit);
	struct record *record, *next;
	struct early_news *e, *next_news;

	TAILQ_INIT(&h->early.names);
	TAILQ_INIT(&h->early.news);
	h->early.kept = kept;
	for (record = journal_found(journal, NULL); record; record = next) {
		next = journal_found(journal, record);
		if (record->in.kind == NAME_KIND || record->in.kind == NEWS_KIND)
			load(h, record);
	}
	event_assign(&h->early.minute, kit_base(h->kit), -1, EV_PERSIST, on_minute, h);
	event_add(&h->early.minute, &(struct timeval){ 60, 0 });
	for (e = TAILQ_FIRST(&h->early.news); e; e = next_news) {
		char ref[sizeof(e->ref)];

		memcpy(ref, e->ref, sizeof(ref));
		next_news = TAILQ_NEXT(e, link);
		while (next_news && strcmp(next_news->ref, ref) == 0)
			next_news = TAILQ_NEXT(next_news, link);
		kept(h, ref, true);	/* may take all of that name */
	}
}

void
early_fini(struct http *h)
{
	struct call_name *n;
	struct early_news *e;

	event_del(&h->early.minute);
	while ((n = TAILQ_FIRST(&h->early.names))) {	/* what is on the disk stays there */
		TAILQ_REMOVE(&h->early.names, n, link);
		free(n);
	}
	while ((e = TAILQ_FIRST(&h->early.news))) {
		TAILQ_REMOVE(&h->early.news, e, link);
		json_decref(e->item);
		free(e);
	}
}
