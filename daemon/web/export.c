/* export.c -- lists of any length: an answer in pieces, a page of the reader's at a time.  The
 * next page is asked for when the one before has left; nothing is held open in the store between. */
#include "daemon/web/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTS_MAX 8			/* each keeps the one reader busy */
#define PAGE_ROWS 500
#define PAGE_ROWS_MIN 10
#define TRIES_MAX 30

struct export {
	struct http_conn *conn;
	struct read_query query;	/* of the next page */
	bool begun;			/* the head has been given */
	bool asked;			/* the reader has a query of ours */
	bool waits;			/* it was busy: again with the next tick */
	unsigned tries;			/* in a row */
	struct export *next, **at;
};

void
export_leave(struct web *web, struct export *e)
{
	if (!e)
		return;
	*e->at = e->next;
	if (e->next)
		e->next->at = e->at;
	assert(web->export_count > 0);
	web->export_count--;
	free(e);
}

static void
ask(struct web *web, struct export *e)
{
	struct read_query *q = xmalloc(sizeof(*q));

	*q = e->query;
	assert(!e->asked);
	e->asked = web->ports.read(web->ports.ctx, q);
	e->waits = !e->asked;
	if (e->waits)
		free(q);
}

void
export_get(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct export *e;
	struct query q;
	struct err err;
	int rc = query_parse(&q, http_request(c)->query, x->call->query,
			     web->ports.now(web->ports.ctx), &err);

	if (rc == 0 && q.unmasked && !http_is_unix(c))
		rc = err_say(&err, REFUSED_FORBIDDEN, about_name(CONCEPT_QUERY, "unmasked"),
			     unmasked_here);
	if (rc < 0) {
		web_refuse(c, &err);
		return;
	}
	if (web->export_count >= EXPORTS_MAX || !http_may_begin(c)) {
		web_busy(c);
		return;
	}
	e = xcalloc(1, sizeof(*e));
	e->conn = c;
	e->query = (struct read_query){
		.what = (enum read_what)x->call->kind, .reply_to = http_id(c), .alert = x->place.id,
		.limit = PAGE_ROWS, .state = q.state, .unmasked = q.unmasked, .by = x->by,
	};
	e->next = web->exports;
	e->at = &web->exports;
	if (e->next)
		e->next->at = &e->next;
	web->exports = e;
	web->export_count++;
	x->export = e;
	ask(web, e);
}

static void
finish(struct web *web, struct exchange *x)
{
	struct http_conn *c = x->export->conn;

	export_leave(web, x->export);
	x->export = NULL;
	http_end(c);
}

static void
begin(struct http_conn *c, const struct read_query *q)
{
	char file[48], name[112];

	snprintf(file, sizeof(file), "%s", q->what == READ_EXPORT_CONTACTS ? "contacts"
		 : q->what == READ_EXPORT_DIVISIONS ? "divisions"
		 : q->what == READ_EXPORT_GEOMETRY ? "geometry" : "roster");
	if (q->what == READ_MESSAGES_CSV)
		snprintf(file, sizeof(file), "alert-%lld-messages", (long long)q->alert);
	snprintf(name, sizeof(name), "Content-Disposition: attachment; filename=\"%s.csv\"\r\n", file);
	http_begin(c, "text/csv; charset=utf-8", name, false);
}

/* It is over with its head, and the next request may begin before this returns. */
static void
begin_head(struct web *web, struct exchange *x)
{
	struct http_conn *c = x->export->conn;
	struct read_query q = x->export->query;

	export_leave(web, x->export);
	x->export = NULL;
	begin(c, &q);
}

/* Too slow, or busy: less of it, a second later.  false: not begun, and it will not be. */
static bool
try_again(struct web *web, struct exchange *x, bool busy)
{
	struct export *e = x->export;

	if (e->query.limit > PAGE_ROWS_MIN)
		e->query.limit /= 2;
	e->waits = busy && ++e->tries <= TRIES_MAX;
	if (e->waits)
		return true;
	if (e->begun) {
		http_cut(e->conn);	/* and the exchange with it */
		return true;
	}
	export_leave(web, e);
	x->export = NULL;
	return false;
}

bool
export_take(struct web *web, struct exchange *x, const struct err *refusal, const char *body,
	    size_t len)
{
	struct export *e = x->export;
	const char *rows = len ? memchr(body, '\n', len) : NULL;

	e->asked = false;
	if (refusal)
		return try_again(web, x, refusal->kind == REFUSED_BUSY);
	assert(rows && (size_t)(rows - body) < sizeof(e->query.after));
	e->tries = 0;
	if (strcmp(http_request(e->conn)->method, "HEAD") == 0) {
		begin_head(web, x);
		return true;
	}
	if (!e->begun)
		begin(e->conn, &e->query);
	e->begun = true;
	memset(e->query.after, 0, sizeof(e->query.after));
	memcpy(e->query.after, body, (size_t)(rows - body));
	rows++;
	http_piece(e->conn, rows, len - (size_t)(rows - body));
	if (!*e->query.after)
		finish(web, x);
	else if (!http_waiting(e->conn))
		ask(web, e);		/* a page without a row of that state: nothing to wait for */
	return true;
}

void
export_drained(struct web *web, struct export *e)
{
	if (e->begun && !e->asked && !e->waits)
		ask(web, e);
}

void
exports_tick(struct web *web)
{
	for (struct export *e = web->exports; e; e = e->next)
		if (e->waits)
			ask(web, e);
}
