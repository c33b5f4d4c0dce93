/* documents.c -- what a child brought becomes a post of its source: each document is read by the source's
 * format, at once or by gong-parse. */
#include "daemon/fetchers/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/intake/formats/formats.h"

#define ABOUT_MAX 170			/* bytes; a longer one names nothing */

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

/* -- one after the other -- */

struct reading {
	struct fetcher *fetcher;
	struct offer *offer;		/* NULL: nobody waits any more */
	struct command *cmd;
	size_t at;			/* the document in hand */
	bool inside, waits, failed;
	documents_fn done;
};

static void read_on(struct reading *);

static void
on_parsed(void *ctx, struct signal_post *post, const struct err *refused)
{
	struct reading *r = ctx;
	struct signals_document *d = &r->cmd->signals->documents[r->at];

	r->waits = false;
	r->failed = refused && refused->kind == REFUSED_BUSY;
	if (!r->failed && r->offer) {
		format_settle(d, post, refused);
		add_what_the_child_knows(r->fetcher->conf, d, json_array_get(r->offer->documents, r->at));
		r->at++;
	}
	if (!r->inside)
		read_on(r);
}

static void
ask(struct reading *r)
{
	const struct fetchers_ports *ports = &r->fetcher->all->ports;
	struct signals_document *d = &r->cmd->signals->documents[r->at];
	json_t *document = json_array_get(r->offer->documents, r->at);
	struct parse_ask parse_ask = { .source = r->fetcher->conf, .content_type = text_of(document, "type"),
				       .now = ports->now(ports->ctx) };
	size_t len = 0;
	char *bytes = bytes_of(document, &len);
	struct err err;
	int rc;

	format_keep(d, r->fetcher->conf, bytes, len);
	parse_ask.bytes = bytes ? bytes : "";
	parse_ask.len = len;
	r->waits = true;
	rc = ports->parse(ports->ctx, &parse_ask, on_parsed, r, &err);
	free(bytes);
	if (rc == 0)
		return;
	r->waits = false;
	r->failed = true;
}

static void
finish(struct reading *r)
{
	struct offer *o = r->offer;
	struct command *cmd = r->failed || !o ? NULL : r->cmd;

	if (!cmd)
		command_free(r->cmd);
	if (o) {
		o->reading = NULL;
		r->done(r->fetcher, o, cmd);
	}
	free(r);
}

static void
read_on(struct reading *r)
{
	r->inside = true;
	while (r->offer && !r->failed && r->at < r->cmd->signals->count) {
		ask(r);
		if (r->waits)
			break;
	}
	r->inside = false;
	if (!r->waits)
		finish(r);
}

void
documents_read(struct fetcher *f, struct offer *o, documents_fn done)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	*r = (struct reading){ .fetcher = f, .offer = o, .done = done };
	r->cmd = format_post(f->conf, json_array_size(o->documents));
	r->cmd->signals->fetched = true;
	r->cmd->signals->first = o->first;
	r->cmd->signals->keep = o->keep ? xstrdup(o->keep) : NULL;
	o->reading = r;
	read_on(r);
}

void
documents_forget(struct reading *r)
{
	r->offer = NULL;
}
