/* callbacks.c -- requests of providers on a route's own URL: to its driver, and the answer back as
 * soon as what the driver told before it is committed.  Whoever cannot be answered in time hears
 * 503 and sends it again: better twice than lost. */
#include "daemon/routes/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLBACK_MAX (512 * 1024)	/* so that base64 stays well under the line's limit */

struct open_callback {
	struct driver *driver;
	uint64_t to, barrier;		/* barrier: of the driver's answer; 0 = there is none yet */
	int status;
	char *type, *body;
	struct event *late;
	struct open_callback *next;
};

/* Takes it out of the list and answers; PHRASE_verbatim: as the driver said, else a refusal. */
static void
answer(struct routes *r, struct open_callback *cb, enum phrase why)
{
	struct open_callback **at = &r->callbacks;
	struct err err;

	while (*at != cb)
		at = &(*at)->next;
	*at = cb->next;
	if (why == PHRASE_verbatim) {
		r->ports.reply(r->ports.ctx, cb->to, cb->status, cb->type, cb->body);
	} else {
		err_say_phrase(&err, REFUSED_BUSY, about(CONCEPT_NONE), why, NULL);
		r->ports.refuse(r->ports.ctx, cb->to, &err);
	}
	event_free(cb->late);
	free(cb->type);
	free(cb->body);
	free(cb);
}

static void
on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct open_callback *cb = ctx;

	answer(cb->driver->routes, cb, cb->barrier ? PHRASE_callback_not_written
	       : PHRASE_callback_late);
}

static void
await(struct driver *d, uint64_t to)
{
	struct open_callback *cb = xcalloc(1, sizeof(*cb));
	struct timeval tv = { d->reply_within_ms / 1000, d->reply_within_ms % 1000 * 1000 };

	cb->driver = d;
	cb->to = to;
	cb->late = event_new(d->routes->base, -1, 0, on_late, cb);
	event_add(cb->late, &tv);
	cb->next = d->routes->callbacks;
	d->routes->callbacks = cb;
}

static struct driver *
driver_of(struct routes *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->drivers[i]->gone && strcmp(r->drivers[i]->conf->name, name) == 0)
			return r->drivers[i];
	return NULL;
}

bool
routes_callback(struct routes *r, const char *route, uint64_t reply_to, const char *method,
		const char *path, const char *query, const char *const *headers, const void *body,
		size_t body_len)
{
	struct driver *d = driver_of(r, route);
	json_t *op, *fields;
	struct buf line = { 0 };
	char *text, *encoded, id[24];

	if (!d || child_state(d->child) != CHILD_UP || body_len > CALLBACK_MAX)
		return false;
	fields = json_object();
	encoded = xmalloc(body_len / 3 * 4 + 8);

	snprintf(id, sizeof(id), "%llu", (unsigned long long)reply_to);
	EVP_EncodeBlock((unsigned char *)encoded, body, (int)body_len);
	for (size_t i = 0; headers && headers[i]; i += 2)
		json_object_set_new(fields, headers[i], json_string(headers[i + 1]));
	op = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s}", "op", "callback", "id", id, "method", method,
		       "path", path, "query", query ? query : "", "headers", fields, "body",
		       encoded);
	text = op ? json_dumps(op, JSON_COMPACT) : NULL;
	if (text) {
		await(d, reply_to);
		buf_puts(&line, text);
		child_queue(d->child, &line);
	}
	buf_fini(&line);
	free(encoded);
	json_decref(op);
	free(text);
	return op != NULL;
}

/* Nobody waits for an answer that comes late, or twice. */
bool
callbacks_reply(struct driver *d, uint64_t to, int status, const char *type, const char *body,
		uint64_t barrier)
{
	for (struct open_callback *cb = d->routes->callbacks; cb; cb = cb->next) {
		if (cb->driver != d || cb->to != to || cb->barrier)
			continue;
		cb->barrier = barrier;
		cb->status = status;
		cb->type = xstrdup(type);
		cb->body = xstrdup(body);
		return true;
	}
	return false;
}

void
callbacks_release(struct routes *r, uint64_t barrier, bool not_kept)
{
	for (struct open_callback *cb = r->callbacks; cb; cb = cb->next) {
		if (cb->barrier != barrier)
			continue;
		answer(r, cb, not_kept ? PHRASE_callback_not_kept : PHRASE_verbatim);
		return;
	}
}

void
callbacks_lost(struct driver *d)
{
	struct open_callback *cb, *next;

	for (cb = d->routes->callbacks; cb; cb = next) {
		next = cb->next;
		if (cb->driver == d && !cb->barrier)
			answer(d->routes, cb, PHRASE_callback_driver_gone);
	}
}

void
callbacks_forget(struct driver *d)
{
	struct open_callback *cb, *next;

	for (cb = d->routes->callbacks; cb; cb = next) {
		next = cb->next;
		if (cb->driver == d)
			answer(d->routes, cb, PHRASE_callback_route_removed);
	}
}

void
callbacks_close(struct routes *r)
{
	while (r->callbacks)
		answer(r, r->callbacks, PHRASE_stopping);
}
