/* offers.c -- what a child brought, from its word to the commit.  It waits here, in its order, until the
 * engine has it: a refusal (the engine is busy, the disk is full) is gongd's own affair, and tried again. */
#include "daemon/fetchers/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/intake/formats/formats.h"

#define OFFERED_MAX 256			/* of one source, waiting or with the engine */
#define ABOUT_MAX 170			/* bytes; a longer one names nothing */
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

/* -- documents -- */

static const char *
text_of(json_t *document, const char *name)
{
	return json_string_value(json_object_get(document, name));
}

/* RFC 4648; NULL: it is none. */
static char *
from_base64(const char *text, size_t *len)
{
	size_t n = strlen(text), padding = n > 1 && text[n - 1] == '=' ? 1 + (text[n - 2] == '=') : 0;
	unsigned char *out = xmalloc(n / 4 * 3 + 4);
	int got = n % 4 == 0 ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)n) : -1;

	if (got < 0) {
		free(out);
		return NULL;
	}
	*len = n ? (size_t)got - padding : 0;
	return (char *)out;
}

/* Its bytes, caller frees; NULL: it has none. */
static char *
bytes_of(json_t *document, size_t *len)
{
	json_t *body = json_object_get(document, "body");
	const char *encoded = text_of(document, "base64");

	if (json_is_string(body)) {
		*len = json_string_length(body);
		return xstrndup(json_string_value(body), *len);
	}
	return encoded ? from_base64(encoded, len) : NULL;
}

/* Where the format has no name for it, the child's is kept; several signals in one document are told apart
 * by their place. */
static void
name_it(struct signal *s, const char *ref, size_t place)
{
	char name[SIGNAL_REF_MAX + 1];

	if (s->ref || !ref)
		return;
	if (place)
		snprintf(name, sizeof(name), "%.200s#%zu", ref, place + 1);
	else
		snprintf(name, sizeof(name), "%.200s", ref);
	signal_set(s, &s->ref, name, SIGNAL_REF_MAX);
}

/* What it is about is its name where its source takes things back, which is done by a name.  Else it is
 * one of many values of that, and each has its instant; one that has none is named by its content. */
static void
name_by_about(const struct source_conf *conf, struct signal *s, const char *about, size_t place)
{
	char name[ABOUT_MAX + 32];

	if (s->ref || !about || strlen(about) > ABOUT_MAX)
		return;
	if (source_has_ends(conf)) {
		name_it(s, about, place);
	} else if (s->sent_at) {
		snprintf(name, sizeof(name), "%s@%lld", about, (long long)s->sent_at);
		name_it(s, name, place);
	}
}

static void
add_what_the_child_knows(const struct source_conf *conf, struct signals_document *d, json_t *document)
{
	json_t *labels = json_object_get(document, "labels"), *value;
	const char *name;

	for (size_t i = 0; i < d->post.count; i++) {
		name_it(&d->post.signals[i], text_of(document, "ref"), i);
		name_by_about(conf, &d->post.signals[i], text_of(document, "about"), i);
		json_object_foreach(labels, name, value)
			if (json_is_string(value))
				signal_label(&d->post.signals[i], name, json_string_value(value));
	}
}

static void
read_document(struct fetcher *f, json_t *document, struct signals_document *out)
{
	size_t len = 0;
	char *bytes = bytes_of(document, &len);

	format_read(out, f->conf, &(struct format_input){
		.bytes = bytes ? bytes : "", .len = len, .map = f->conf->rules.map,
		.content_type = text_of(document, "type"), .now = f->all->ports.now(f->all->ports.ctx),
	});
	free(bytes);
	add_what_the_child_knows(f->conf, out, document);
}

static struct command *
post_of(struct fetcher *f, const struct offer *o)
{
	struct command *cmd = format_post(f->conf, json_array_size(o->documents));

	for (size_t i = 0; i < cmd->signals->count; i++)
		read_document(f, json_array_get(o->documents, i), &cmd->signals->documents[i]);
	cmd->signals->fetched = true;
	cmd->signals->first = o->first;
	cmd->signals->keep = o->keep ? xstrdup(o->keep) : NULL;
	return cmd;
}

/* -- to the engine, and back -- */

static bool
submit(struct fetcher *f, struct offer *o)
{
	struct command *cmd = post_of(f, o);

	o->weight = format_weight(cmd->signals);
	cmd->reply_to = TICKET_BIT | ++f->all->tickets;
	if (!f->all->ports.submit(f->all->ports.ctx, cmd)) {
		command_free(cmd);
		return false;
	}
	o->ticket = TICKET_BIT | f->all->tickets;
	f->weight += o->weight;
	return true;
}

static void
try_later(struct fetcher *f)
{
	msec ms = pace_backoff_ms(AGAIN_FIRST_MS, AGAIN_MAX_MS, ++f->refusals);
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	f->refused = true;
	event_add(f->again, &tv);
}

static void
offer_all(struct fetcher *f)
{
	for (struct offer *o = f->first; o && !f->refused && f->weight < SOURCE_QUEUED_MAX; o = o->next)
		if (!o->ticket && !submit(f, o))
			try_later(f);
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
		(json_is_string(json_object_get(document, "body")) || text_of(document, "base64"));
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
