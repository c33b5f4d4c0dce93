/* events.c -- GET /v1/events: server-sent events of what has changed, for any number of listeners
 * at the price of one.
 *
 * Once a second, if somebody listens and something was committed, the reader is asked how things
 * stand; what differs from the last word gets a number, and every listener is given what came after
 * the number it has.  Nothing is kept per listener but that number: one that is slow misses words
 * that were overtaken meanwhile, never the last one, and one that takes nothing is cut off. */
#include "daemon/web/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/web/news.h"

#define NEWS_BYTES_MAX (8u * 1024 * 1024)
#define POUR_BYTES 65536		/* at a time, the rest when it has left */
#define QUIET_S 15			/* then a comment, so that nobody between closes the line */
#define PAGES_A_SECOND 5
#define RETRY_MS 2000

struct listener {
	struct http_conn *conn;
	uint64_t heard;			/* everything up to this number */
	unsigned quiet_s;
	bool ids_only;
	struct listener *next, **at;
};

struct events {
	struct news *news;
	struct listener *listeners;
	size_t count;
	char boot[12];			/* numbers of another run mean nothing */
	char cursor[48];		/* of the reader's news */
	unsigned long commits;		/* how many there were when the round began */
	unsigned pages;			/* in this second */
	bool asked, in_round, told_all;	/* told_all: a round has ended since the start */
	unsigned long resets;
};

struct events *
events_new(void)
{
	struct events *e = xcalloc(1, sizeof(*e));
	uint32_t boot = 0;

	e->news = news_new(NEWS_BYTES_MAX);
	if (getrandom(&boot, sizeof(boot), 0) != sizeof(boot))
		abort();		/* cannot fail once the kernel is up */
	snprintf(e->boot, sizeof(e->boot), "%08x", (unsigned)boot);
	return e;
}

void
events_free(struct events *e)
{
	if (!e)
		return;
	assert(!e->listeners);		/* each goes with its connection */
	news_free(e->news);
	free(e);
}

void
events_leave(struct web *web, struct listener *l)
{
	if (!l)
		return;
	*l->at = l->next;
	if (l->next)
		l->next->at = l->at;
	assert(web->events->count > 0);
	web->events->count--;
	free(l);
}

static void
reset_text(struct web *web, struct listener *l, struct buf *out)
{
	struct events *e = web->events;

	l->heard = news_number(e->news);
	e->resets++;
	buf_printf(out, "id: %s.%llu\nevent: reset\ndata: {\"now\":%lld}\n\n", e->boot,
		   (unsigned long long)l->heard, (long long)web->ports.now(web->ports.ctx));
}

/* Gives a listener what it has not heard, unless something still waits to leave. */
static void
pour(struct web *web, struct listener *l)
{
	struct events *e = web->events;
	const struct news_item *item;
	struct buf out = { 0 };

	if (http_waiting(l->conn))
		return;
	if (!news_reaches(e->news, l->heard))
		reset_text(web, l, &out);
	for (item = news_after(e->news, l->heard); item && out.len < POUR_BYTES; item = item->later) {
		buf_printf(&out, "id: %s.%llu\nevent: %s\ndata: %s\n\n", e->boot,
			   (unsigned long long)item->number, item->kind,
			   l->ids_only ? item->ids : item->full);
		l->heard = item->number;
	}
	if (!out.len && ++l->quiet_s >= QUIET_S)
		buf_puts(&out, ":\n\n");
	if (out.len) {
		l->quiet_s = 0;
		http_piece(l->conn, out.data, out.len);
	}
	buf_fini(&out);
}

void
events_drained(struct web *web, struct listener *l)
{
	if (news_number(web->events->news) > l->heard)
		pour(web, l);
}

/* "boot.number" -> number; what cannot be one of ours is as if it were too old. */
static bool
has_heard(const struct events *e, const char *id, uint64_t *number)
{
	size_t len = strlen(e->boot);
	char *end;

	if (!id || strncmp(id, e->boot, len) != 0 || id[len] != '.' || id[len + 1] < '0' ||
	    id[len + 1] > '9' || strlen(id) > 40)
		return false;
	*number = strtoull(id + len + 1, &end, 10);
	return !*end && news_reaches(e->news, *number);
}

void
events_get(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct events *e = web->events;
	struct listener *l;
	struct buf first = { 0 };
	struct query q;
	struct err err;
	struct rights rights;

	if (query_parse(&q, http_request(c)->query, 0, web->ports.now(web->ports.ctx), &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	if (!http_may_begin(c)) {
		web_busy(c);
		return;
	}
	if (!http_begin(c, "text/event-stream", "X-Accel-Buffering: no\r\n", true))
		return;
	l = xcalloc(1, sizeof(*l));
	l->conn = c;
	/* Who may see only some of the places gets no figures: it asks for what it may see. */
	rights = rights_of(x->settings, &x->by);
	l->ids_only = rights.division_count > 0 || rights.drill_only;
	l->next = e->listeners;
	l->at = &e->listeners;
	if (l->next)
		l->next->at = &l->next;
	e->listeners = l;
	e->count++;
	x->listener = l;
	buf_printf(&first, "retry: %d\n\n", RETRY_MS);
	if (!has_heard(e, http_header(http_request(c), "last-event-id"), &l->heard))
		reset_text(web, l, &first);
	http_piece(c, first.data, first.len);
	buf_fini(&first);
}

static void
ask(struct web *web)
{
	struct events *e = web->events;
	struct read_query *q = xcalloc(1, sizeof(*q));

	q->what = READ_NEWS;
	q->reply_to = EVENTS_REPLY;
	memcpy(q->after, e->cursor, sizeof(q->after));
	e->asked = web->ports.read(web->ports.ctx, q);
	e->pages += e->asked;
	if (!e->asked)
		free(q);		/* too many wait: the next second will do */
}

void
events_tick(struct web *web)
{
	struct events *e = web->events;
	struct web_state state = { 0 };

	e->pages = 0;
	if (!e->listeners)
		return;
	web->ports.state(web->ports.ctx, &state);
	if (!e->asked && (e->in_round || !e->told_all || state.commits != e->commits)) {
		ask(web);
		/* What is committed from now on is for the next round. */
		if (e->asked && !e->in_round)
			e->commits = state.commits;
	}
	for (struct listener *l = e->listeners; l; l = l->next)
		pour(web, l);
}

void
events_take(struct web *web, bool refused, char *body)
{
	struct events *e = web->events;
	char *lines = strchr(body, '\n');
	size_t len = lines ? (size_t)(lines - body) : 0;

	e->asked = false;
	e->in_round = true;		/* also when it failed: the same page again, a second later */
	if (refused || !lines || len >= sizeof(e->cursor))
		return;
	*lines = '\0';
	memcpy(e->cursor, body, len + 1);
	e->in_round = len < 2 || strcmp(body + len - 2, ".0") != 0;
	e->told_all |= !e->in_round;
	news_put_lines(e->news, lines + 1);
	for (struct listener *l = e->listeners; l; l = l->next)
		if (news_number(e->news) > l->heard)
			pour(web, l);
	if (e->in_round && e->pages < PAGES_A_SECOND && e->listeners)
		ask(web);
}

void
events_end(struct web *web, struct exchange *x)
{
	struct http_conn *c = x->listener->conn;

	events_leave(web, x->listener);
	x->listener = NULL;
	http_end(c);			/* the next request on it may begin at once */
}

/* At a stop; and at a reload, since rights may have changed: whoever may listen comes again and
 * misses nothing. */
void
events_end_all(struct web *web)
{
	while (web->events->listeners)
		events_end(web, *http_user(web->events->listeners->conn));
}

void
events_figures(struct web *web, struct buf *out)
{
	const struct http_counts *n = http_counts(web->http);

	buf_printf(out, "# HELP gong_http_streams Answers in pieces under way.\n"
		   "# TYPE gong_http_streams gauge\ngong_http_streams %zu\n"
		   "# HELP gong_http_streams_total Answers in pieces begun.\n"
		   "# TYPE gong_http_streams_total counter\ngong_http_streams_total %lu\n"
		   "# HELP gong_http_streams_slow_total Of these, cut off since nobody took them.\n"
		   "# TYPE gong_http_streams_slow_total counter\ngong_http_streams_slow_total %lu\n"
		   "# HELP gong_http_streams_refused_total Refused beyond streams_max.\n"
		   "# TYPE gong_http_streams_refused_total counter\n"
		   "gong_http_streams_refused_total %lu\n"
		   "# HELP gong_events_listeners Who listens to /v1/events.\n"
		   "# TYPE gong_events_listeners gauge\ngong_events_listeners %zu\n"
		   "# HELP gong_events_news_total Changes told to whoever listened.\n"
		   "# TYPE gong_events_news_total counter\ngong_events_news_total %llu\n"
		   "# HELP gong_events_resets_total Listeners told to begin anew.\n"
		   "# TYPE gong_events_resets_total counter\ngong_events_resets_total %lu\n",
		   n->streams, n->streams_begun, n->streams_slow, n->streams_refused,
		   web->events->count, (unsigned long long)news_number(web->events->news),
		   web->events->resets);
}
