/* offers.c -- what a child brought, from its word to the commit.  It waits here, in its order, until the
 * engine has it: a refusal (the engine is busy, the disk is full) is gongd's own affair, and tried again. */
#include "daemon/fetchers/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/intake/formats/formats.h"

#define OFFERED_MAX 256			/* of one source, waiting or with the engine */
#define AGAIN_FIRST_MS 250
#define AGAIN_MAX_MS 30000
/* Nobody else has such an id: that of a connection begins with a smaller number. */
#define TICKET_BIT ((uint64_t)1 << 63)

static void
free_offer(struct offer *o)
{
	json_decref(o->documents);
	free(o->id);
	free(o->keep);
	free(o);
}

static void
drop(struct fetcher *f, struct offer **link)
{
	struct offer *o = *link;

	if (o->ticket)
		f->weight -= o->weight;
	if (o->reading)
		documents_forget(o->reading);
	*link = o->next;
	if (!o->next)
		f->end = link;
	free_offer(o);
}

/* -- what waits -- */

static void
apply(struct fetcher *f)
{
	size_t waiting = 0;

	for (const struct offer *o = f->first; o && waiting < OFFERED_MAX; o = o->next)
		waiting++;
	f->pressed = waiting == OFFERED_MAX || f->weight >= SOURCE_QUEUED_MAX;
	child_hold(f->child, f->pressed || f->refused);
}

/* -- to the engine, and back -- */

static void
try_later(struct fetcher *f)
{
	msec ms = pace_backoff_ms(AGAIN_FIRST_MS, AGAIN_MAX_MS, ++f->refusals);
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	f->refused = true;
	event_add(f->again, &tv);
}

static void
submit(struct fetcher *f, struct offer *o, struct command *cmd)
{
	o->weight = format_weight(cmd->signals);
	cmd->reply_to = TICKET_BIT | ++f->all->tickets;
	if (!f->all->ports.submit(f->all->ports.ctx, cmd)) {
		command_free(cmd);
		try_later(f);
		return;
	}
	o->ticket = TICKET_BIT | f->all->tickets;
	f->weight += o->weight;
}

static void offer_all(struct fetcher *);

static void
on_documents(struct fetcher *f, struct offer *o, struct command *cmd)
{
	if (cmd)
		submit(f, o, cmd);
	else
		try_later(f);
	if (!f->offering)		/* it took a while */
		offer_all(f);
}

/* One is read after the other: they are in the books in the order in which they came. */
static void
offer_all(struct fetcher *f)
{
	f->offering = true;
	for (struct offer *o = f->first; o && !o->reading && !f->refused && f->weight < SOURCE_QUEUED_MAX; o = o->next) {
		if (!o->ticket)
			documents_read(f, o, on_documents);
		if (o->reading)
			break;
	}
	f->offering = false;
	apply(f);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct fetcher *f = ctx;

	f->refused = false;
	offer_all(f);
}

static bool
is_document(json_t *document)
{
	return json_is_object(document) &&
		(json_is_string(json_object_get(document, "body")) || json_is_string(json_object_get(document, "base64")));
}

bool
offers_add(struct fetcher *f, const char *id, const char *keep, bool first, json_t *documents)
{
	struct offer *o = xcalloc(1, sizeof(*o));
	bool good = true;

	*o = (struct offer){ .id = xstrdup(id), .keep = xstrdup(keep), .first = first,
			     .documents = documents };
	for (size_t i = 0; i < json_array_size(documents); i++)
		good &= is_document(json_array_get(documents, i));
	if (!good) {
		free_offer(o);
		return false;
	}
	*f->end = o;
	f->end = &o->next;
	offer_all(f);
	return true;
}

/* `answer`: the engine's, {"signals":[…]}. */
static void
tell_took(struct fetcher *f, const struct offer *o, const char *answer)
{
	struct buf line = { 0 };

	if (!o->id || o->orphan || !child_hears(f->child))
		return;
	buf_puts(&line, "{\"op\":\"took\",\"id\":");
	buf_json(&line, o->id);
	buf_puts(&line, ",");
	buf_puts(&line, answer + 1);
	child_queue(f->child, &line);
	buf_fini(&line);
}

/* Kept as the child wanted, and what it brought, too. */
static void
took(struct fetcher *f, const struct offer *o, const char *answer)
{
	if (o->keep) {
		free(f->keep);
		f->keep = xstrdup(o->keep);
	}
	f->refusals = 0;
	tell_took(f, o, answer);
}

/* It was put aside, and the desk has a task about it: to say it again would do the same again. */
static bool
is_settled(const struct err *why)
{
	return why->kind == REFUSED_INVALID || why->said.phrase == PHRASE_aside_fault;
}

static void
tell_settled(struct fetcher *f, const struct offer *o, const struct err *why)
{
	struct buf answer = { 0 };

	buf_puts(&answer, "{\"signals\":[{\"document\":0,\"state\":\"refused\",\"reason\":");
	buf_json(&answer, phrase_name(why->said.phrase));
	buf_puts(&answer, ",\"text\":");
	buf_json(&answer, why->text);
	buf_puts(&answer, "}]}");
	tell_took(f, o, answer.data);
	buf_fini(&answer);
}

static void
wait_for_engine(struct fetcher *f, const struct err *why)
{
	if (say_may(f))
		f->all->ports.log(f->all->ports.ctx, LOG_WARNING, "fetcher waits source=%s reason=\"%s\"",
				  f->conf->name, why->text);
	if (!f->refused)
		try_later(f);
}

/* false: it is to be offered again. */
static bool
is_over(struct fetcher *f, struct offer *o, const struct effect *reply)
{
	if (reply->reply.kind != REPLY_REFUSED) {
		took(f, o, reply->reply.json);
		return true;
	}
	if (is_settled(reply->reply.refusal)) {
		tell_settled(f, o, reply->reply.refusal);
		return true;
	}
	wait_for_engine(f, reply->reply.refusal);
	return o->orphan;		/* else the next process says it again, and once is enough */
}

bool
offers_answered(struct fetcher *f, const struct effect *reply)
{
	struct offer **link = &f->first;

	while (*link && (*link)->ticket != reply->reply.to)
		link = &(*link)->next;
	if (!*link)
		return false;
	if (is_over(f, *link, reply)) {
		drop(f, link);
	} else {
		f->weight -= (*link)->weight;
		(*link)->ticket = 0;
	}
	offer_all(f);
	return true;
}

/* Those that are with the engine stay until it answers: a `keep` in them counts. */
void
offers_process_ended(struct fetcher *f)
{
	for (struct offer **link = &f->first; *link;) {
		(*link)->orphan = true;
		if ((*link)->ticket)
			link = &(*link)->next;
		else
			drop(f, link);
	}
	event_del(f->again);
	f->refused = false;
	apply(f);
}

void
offers_init(struct fetcher *f)
{
	f->end = &f->first;
	f->again = event_new(f->all->base, -1, 0, on_again, f);
}

void
offers_fini(struct fetcher *f)
{
	while (f->first)
		drop(f, &f->first);
	event_free(f->again);
}
