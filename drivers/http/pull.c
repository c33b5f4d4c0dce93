/* pull.c -- a provider that is asked for receipts and replies, where it cannot reach us: the site
 * without a public address.  It hands each out once, so an answer is in the journal before it is
 * read, and until gongd has taken all that was in it.  What nobody can read stays there, too. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

#define MORE_MS 100			/* as long as there is more */
#define FAILED_MAX 3			/* in a row, before somebody is told */
#define ANSWER_MAX ((size_t)8 << 20)
#define HEAD_MAX 64			/* of a record, before the answer's bytes */
#define UNTAKEN_MAX 1000		/* things told, of one answer, before gongd has to take some */
#define UNREAD_BYTES ((size_t)4 << 20)
#define ANSWER_KIND 'P'
#define ITEMS_KIND 'U'

struct pulled {
	TAILQ_ENTRY(pulled) link;
	struct pull *pull;		/* that waits for its end; NULL = from before */
	struct record *record;
	json_t *body, *list, *unread;	/* unread: items of the list */
	size_t next;
};

static msec
every(const struct pull *p)
{
	return p->http->profile.pulls[p->index].every_ms;
}

/* What cannot be fetched comes to nobody, and a provider keeps it for so long only. */
static void
note(struct pull *p, const char *reason, bool no_room)
{
	struct http *h = p->http;

	p->failed = reason ? p->failed + 1 : 0;
	if (reason && p->failed >= FAILED_MAX)
		health_note_pull(h, reason, no_room);
	else if (!reason && h->pulls[!p->index].failed < FAILED_MAX)
		health_note_pull(h, NULL, false);
}

/* The turn is over, the next one comes. */
static void
rest(struct pull *p, bool more)
{
	p->asked = p->fetching = false;
	timer_at(&p->timer, timer_now() + (more ? MORE_MS : every(p)));
	leave_when_idle(p->http);
}

static void
fail(struct pull *p, const char *reason, bool no_room)
{
	kit_log("pull failed host=%s reason=\"%s\"", p->http->profile.host, ENGLISH(reason));
	note(p, reason, no_room);
}

/* --- what nobody could read --------------------------------------------------------------------- */

static size_t
unread_bytes(const struct telling *t)
{
	size_t bytes = 0;

	for (size_t i = 0; i < t->unread_count; i++)
		bytes += t->unread[i]->in.len;
	return bytes;
}

static void
drop_oldest_unread(struct http *h)
{
	struct telling *t = &h->telling;

	kit_log("kept answer let go for newer ones bytes=%zu", t->unread[0]->in.len);
	journal_told_all(kit_journal(h->kit), t->unread[0]);
	memmove(t->unread, t->unread + 1, --t->unread_count * sizeof(t->unread[0]));
}

/* It stays in the journal for somebody who mends the profile: each start tries it again. */
static void
keep_unread(struct http *h, struct record *record)
{
	struct telling *t = &h->telling;

	kit_log("pull unread, kept host=%s bytes=%zu", h->profile.host, record->in.len);
	if (t->unread_count == UNREAD_MAX)
		drop_oldest_unread(h);
	t->unread[t->unread_count++] = record;
	while (t->unread_count > 1 && unread_bytes(t) > UNREAD_BYTES)
		drop_oldest_unread(h);
	health_tell(h);
}

static void
on_unread_kept(void *ctx, struct record *record, const char *trouble)
{
	struct http *h = ctx;

	record_forget_bytes(record);
	if (h->is_open)
		keep_unread(h, record);
}

/* Is there a list with something in it, wherever? */
static bool
has_things(json_t *json)
{
	json_t *value;
	const char *name;

	if (json_is_array(json))
		return json_array_size(json) > 0;
	json_object_foreach(json, name, value)
		if (has_things(value))
			return true;
	return false;
}

/* --- telling --------------------------------------------------------------------------------------- */

/* All of it is told, or nobody can read it. */
static void
end_pulled(struct http *h, struct pulled *d, bool unread)
{
	char *items = json_array_size(d->unread) ? json_dumps(d->unread, JSON_COMPACT) : NULL;

	if (items && d->record->in.kind == ITEMS_KIND && json_array_size(d->unread) == json_array_size(d->list))
		unread = true;		/* as they lie there */
	else if (items)
		journal_keep(kit_journal(h->kit), ITEMS_KIND, xstrdup(items), strlen(items), 0, on_unread_kept, h);
	free(items);
	record_forget_bytes(d->record);
	if (unread)
		keep_unread(h, d->record);
	else
		journal_told_all(kit_journal(h->kit), d->record);
	if (d->pull)
		rest(d->pull, json_array_size(d->list) > 0);
	TAILQ_REMOVE(&h->telling.list, d, link);
	json_decref(d->body);
	json_decref(d->unread);
	free(d);
}

/* As much of it as gongd may have before it takes some: sends must not wait behind all of it. */
static void
tell_some(struct http *h, struct pulled *d)
{
	struct buf answer = { 0 };

	h->telling.record = d->record;
	for (; d->next < json_array_size(d->list) && d->record->owed < UNTAKEN_MAX; d->next++) {
		json_t *item = json_array_get(d->list, d->next);

		if (!callback_item(h, item, &answer))
			json_array_append(d->unread, item);
	}
	h->telling.record = NULL;
	buf_fini(&answer);
	if (d->next == json_array_size(d->list))
		end_pulled(h, d, false);
}

void
pull_took(struct http *h)
{
	struct pulled *d, *next;

	for (d = TAILQ_FIRST(&h->telling.list); d; d = next) {
		next = TAILQ_NEXT(d, link);
		if (d->record->owed < UNTAKEN_MAX / 2)
			tell_some(h, d);
	}
}

/* The record's head, "INDEX STATUS CODE\n", and the answer behind it. */
static bool
read_head(const struct record *record, unsigned *index, struct transfer_result *r)
{
	const char *end = memchr(record->in.bytes, '\n', record->in.len < HEAD_MAX ? record->in.len : HEAD_MAX);

	if (!end || sscanf(record->in.bytes, "%u %ld %d", index, &r->status, &r->code) != 3)
		return false;
	r->sent = true;
	r->body = end + 1;
	r->body_len = record->in.len - (size_t)(r->body - record->in.bytes);
	return true;
}

/* Takes body and list; what is told of the record may be less than all, at first. */
static void
begin(struct http *h, struct pull *p, struct record *record, json_t *body, json_t *list)
{
	struct pulled *d = xcalloc(1, sizeof(*d));

	*d = (struct pulled){ .pull = p, .record = record, .body = body, .list = list, .unread = json_array() };
	TAILQ_INSERT_TAIL(&h->telling.list, d, link);
	if (list)
		tell_some(h, d);
	else
		end_pulled(h, d, true);
}

/* There is nothing in it. */
static void
pass(struct http *h, struct pull *p, struct record *record)
{
	record_forget_bytes(record);
	journal_told_all(kit_journal(h->kit), record);
	if (p)
		rest(p, false);
}

/* A page for people: they are down, or somebody stands between us. */
static bool
is_page(const struct transfer_result *r)
{
	return r->body && r->body[strspn(r->body, " \t\r\n")] == '<';
}

/* What a record says, as its profile reads it. */
struct reading {
	struct transfer_result r;
	struct judgement judgement;
	json_t *body, *list;		/* the list is lent of the body; NULL: there is none */
	bool is_ours;			/* it is an answer that this profile asked for */
};

/* The caller lets go of the body. */
static struct reading
read_record(struct http *h, const struct record *record)
{
	struct reading a = { .judgement = { .reason = "it is no record of an answer" } };
	unsigned index = 0;
	const struct pointer *at;

	a.is_ours = read_head(record, &index, &a.r) && index < 2 && profile_has(&h->profile, OP_PULL + index);
	if (!a.is_ours)
		return a;
	at = &h->profile.pulls[index].list;
	a.body = answer_read(&h->profile, &h->profile.ops[OP_PULL + index], &a.r, &a.judgement);
	a.list = a.body && at->count ? pointer_get(at, a.body) : a.body;
	if (a.body && !json_is_array(a.list)) {
		snprintf(a.judgement.reason, sizeof(a.judgement.reason), "provider answered %ld, but without the "
			 "list of pull/list", a.r.status);
		a.list = NULL;
	}
	return a;
}

/* An answer that refuses hands nothing out; one that is no answer as the profile reads it may. */
static bool
hands_out(const struct reading *a)
{
	if (a->list)
		return json_array_size(a->list) > 0;
	if (a->body)
		return has_things(a->body);
	return !a->is_ours || (a->judgement.verdict == VERDICT_UNKNOWN && !is_page(&a->r));
}

static void
read_answer(struct http *h, struct pull *p, struct record *record)
{
	struct reading a = read_record(h, record);

	if (p && a.list)
		note(p, NULL, false);
	else if (p)
		fail(p, a.judgement.reason, false);
	if (p && a.list && !json_array_size(a.list))
		p->nothing = table_key(a.r.body);
	if (hands_out(&a)) {
		begin(h, p, record, a.body, a.list);
		return;
	}
	json_decref(a.body);
	pass(h, p, record);
}

/* The next process tells it; but a route that is removed leaves no journal behind for nothing. */
static void
pass_if_nothing(struct http *h, struct pull *p, struct record *record)
{
	struct reading a = read_record(h, record);

	if (hands_out(&a))
		leave_when_idle(h);
	else
		pass(h, p, record);
	json_decref(a.body);
}

/* --- fetching -------------------------------------------------------------------------------------- */

static void
on_kept(void *ctx, struct record *record, const char *trouble)
{
	struct pull *p = ctx;

	p->fetching = false;
	if (!p->http->is_open)
		return;
	if (p->http->closing && !trouble) {
		pass_if_nothing(p->http, p, record);
		return;
	}
	if (trouble)
		kit_log("pull not kept, told all the same host=%s reason=\"%s\"", p->http->profile.host,
			ENGLISH(trouble));
	read_answer(p->http, p, record);
}

static void
on_pulled(void *ctx, const struct operation *op, struct item **items, size_t count,
	  const struct transfer_result *r)
{
	struct pull *p = ctx;
	struct http *h = p->http;
	struct judgement judgement;
	struct buf bytes = { 0 };
	bool is_known = r->body_len && p->nothing == table_key(r->body);
	size_t len;

	health_note_date(h, r->date);
	/* Nothing was handed out; or the same as before, in which there was nothing. */
	if (!r->body_len || r->status < 200 || r->status > 299 || is_known) {
		journal_give_up(kit_journal(h->kit), ANSWER_MAX + HEAD_MAX);
		json_decref(answer_read(&h->profile, op, r, &judgement));
		if (is_known)
			note(p, NULL, false);
		else
			fail(p, judgement.reason[0] ? judgement.reason : "the provider's answer is empty", false);
		rest(p, false);
		return;
	}
	buf_printf(&bytes, "%u %ld %d\n", p->index, r->status, r->code);
	buf_add(&bytes, r->body, r->body_len);
	len = bytes.len;
	journal_keep(kit_journal(h->kit), ANSWER_KIND, buf_take(&bytes), len, ANSWER_MAX + HEAD_MAX, on_kept, p);
}

static void
on_room(void *ctx, const char *trouble)
{
	struct pull *p = ctx;
	struct http *h = p->http;

	if (!h->is_open)
		return;
	if (trouble) {
		fail(p, trouble, true);
		rest(p, false);
	} else if (h->closing) {
		journal_give_up(kit_journal(h->kit), ANSWER_MAX + HEAD_MAX);
		rest(p, false);
	} else {
		transfers_ask(h->transfers, &(struct transfer){
			.op = &h->profile.ops[OP_PULL + p->index], .answer_max = ANSWER_MAX,
			.ended = on_pulled, .ctx = p });
	}
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct pull *p = ctx;

	if (p->asked || p->http->closing)
		return;
	if (p->http->pulls[!p->index].fetching) {
		timer_at(&p->timer, timer_now() + MORE_MS / 4);
		return;
	}
	p->asked = p->fetching = true;
	journal_promise(kit_journal(p->http->kit), ANSWER_MAX + HEAD_MAX, on_room, p);
}

void
pull_again(struct http *h)
{
	const struct journal *journal = kit_journal(h->kit);
	struct record *record, *next;

	for (record = journal_found(journal, NULL); record; record = next) {
		next = journal_found(journal, record);
		if (record->in.kind == ANSWER_KIND)
			read_answer(h, NULL, record);
		else if (record->in.kind == ITEMS_KIND) {
			json_t *items = json_loadb(record->in.bytes, record->in.len, 0, NULL);

			begin(h, NULL, record, items, json_is_array(items) ? items : NULL);
		}
	}
}

void
pull_init(struct http *h)
{
	TAILQ_INIT(&h->telling.list);
	for (unsigned i = 0; i < 2; i++) {
		struct pull *p = &h->pulls[i];

		*p = (struct pull){ .http = h, .index = i };
		event_assign(&p->timer, kit_base(h->kit), -1, 0, on_due, p);
		if (profile_has(&h->profile, OP_PULL + i))
			timer_at(&p->timer, timer_now() + every(p));
	}
}

void
pull_fini(struct http *h)
{
	struct pulled *d;

	for (unsigned i = 0; i < 2; i++)
		event_del(&h->pulls[i].timer);
	while ((d = TAILQ_FIRST(&h->telling.list))) {
		TAILQ_REMOVE(&h->telling.list, d, link);
		json_decref(d->body);
		json_decref(d->unread);
		free(d);
	}
}
