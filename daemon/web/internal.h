/* internal.h -- what the files of web/ share above http.h: who asks, for what, and problems. */
#ifndef GONG_WEB_INTERNAL_H
#define GONG_WEB_INTERNAL_H

#include "daemon/intake/intake.h"
#include "daemon/settings/rights.h"
#include "daemon/settings/source.h"
#include "daemon/web/http.h"
#include "daemon/web/site.h"
#include "daemon/web/problem.h"
#include "daemon/web/web.h"

struct web {
	struct http *http;
	struct settings *settings;
	struct web_ports ports;
	uint16_t port;
	bool stopping;
	struct buf away;		/* the problem that connections beyond the limit are told */
	struct events *events;
	struct export *exports;		/* those under way */
	size_t export_count;
	struct event_base *base;
	struct statics *statics;
	struct source_queue *queues;	/* source.c: what of each waits for the engine */
	unsigned long auth_failures, callbacks_refused, refusals_unlogged;
	msec refusal_logged_at;
};

#define ANYBODY VERB_COUNT		/* a call that needs no right and no name */

struct exchange;
struct api_call {
	const char *method, *path;	/* {id} stands for a number, {alert} for one or a
					 * code, {name} for a route's name, {ref} for a
					 * contact's, {code} for a division's */
	enum verb verb;			/* what it needs, or ANYBODY */
	const char *type;		/* of the body; "" = any, NULL = there is none */
	unsigned query;			/* which parameters are known, QUERY_… */
	void (*whole)(struct web *, struct http_conn *, struct exchange *);
	int kind;			/* import_kind, read_what or command_kind, as the call needs it */
};

struct api_place {			/* what stood in the path */
	int64_t id;
	char name[64];
};

struct exchange {			/* a request in hand; one a connection */
	struct settings *settings;	/* a reference: a reload may come in between */
	struct principal by;		/* who asks */
	const struct api_call *call;
	enum form form;			/* of the body, for pointers into it */
	struct api_place place;
	int route;			/* callbacks: index into its routes … */
	const char *rest;		/* … and the path after the secret */
	const struct source_conf *source;	/* of a post: of its settings; `rest` after its name */
	bool sendsms;			/* a client of Kannel's: answered as Kannel would */
	struct csv_intake *csv;
	struct listener *listener;	/* to /v1/events … */
	struct export *export;		/* … or a list that is being given; one of them at most */
	struct site *site;		/* a reference, while … */
	const struct site_file *file;	/* … this is what was asked for */
};

#define QUERY_DRY_RUN 1u
#define QUERY_OPEN 2u
#define QUERY_LIMIT 4u
#define QUERY_AFTER 8u
#define QUERY_BELOW 16u
#define QUERY_STATE 32u
#define QUERY_UNMASKED 64u
#define QUERY_ALERT_STATE 128u
#define QUERY_SEVERITY 256u
#define QUERY_MODE 512u
#define QUERY_CLIENT 1024u
#define QUERY_KEY 2048u
#define QUERY_SINCE 4096u
#define QUERY_DIVISION 8192u
#define QUERY_ALERT 16384u
#define QUERY_CONTACT 32768u
#define QUERY_FIND 65536u
#define QUERY_ROLE 131072u
#define QUERY_TAG 262144u
#define QUERY_ACTIVE 524288u
#define QUERY_OPTED_OUT 1048576u
#define QUERY_PREVIEW 2097152u
#define QUERY_WITHIN 4194304u
#define QUERY_CHANGE 8388608u
#define QUERY_SOURCE 16777216u
#define QUERY_SIGNAL_STATE 33554432u
#define QUERY_YES 67108864u

struct query {
	bool dry_run, open, unmasked, preview, yes;
	division_code within;		/* 0 = not said */
	unsigned limit;
	char after[48];
	int below, state;
	int64_t alert;
	struct read_filter filter;
	msec now;			/* for clock times: "02:00" is the last one before it */
};

/* auth.c: who asks; -1: not known.  What he may is daemon/settings/rights.h. */
int auth_identify(struct web *, const struct http_conn *, struct exchange *, struct err *);
bool auth_is_secret(const char *given, const char *secret);	/* constant time */

/* query.c: -1 = a parameter is not known or not right. */
int query_parse(struct query *, const char *text, unsigned known, msec now, struct err *);
/* An alert by its id or its code; false: it is neither. */
bool alert_named(const char *text, int64_t *id);
/* Percent-decodes; -1 = malformed or too long. */
int url_decode(char *out, size_t size, const char *text, size_t len);

/* reading.c: asks the reader what the query says.  NULL: it was refused; else to be filled and asked with
 * read_ask. */
struct read_query *read_prepare(struct web *, struct http_conn *, struct exchange *);
void read_ask(struct web *, struct http_conn *, struct read_query *);

/* api.c: finds the call.  false: nothing at this address (`allow` is empty), or not by this method
 * (`allow` lists those that are). */
bool api_find(const char *method, const char *path, const struct api_call **,
	      struct api_place *, char allow[64]);

/* answer.c: the language of the request's client, English if it names none; and of a reader of tasks
 * and alarms, LANG_COUNT (both) if it names none. */
enum lang web_language(const struct http_conn *);
enum lang web_reader(const struct http_conn *);
/* The request in hand is answered, a refusal in its client's language. */
void web_refuse(struct http_conn *, const struct err *);
void web_refuse_faults(struct http_conn *, const struct faults *);	/* of a file: all of them */
void web_refuse_file(struct http_conn *, const struct err *, const struct faults *);	/* NULL: err alone */
/* `extra`: more header lines, each ending in CR LF; or NULL.  `delay_s`: hold the answer back. */
void web_refuse_with(struct http_conn *, const struct err *, const char *extra, unsigned delay_s);
void web_json(struct http_conn *, int status, const char *json);
#define READ_HEADERS 128
/* Header lines: the site's zone, and the language that was asked for. */
const char *web_headers(const struct web *, const struct http_conn *, char out[READ_HEADERS]);
void web_busy(struct http_conn *);	/* a queue is full */

/* preview.c: what a template would say, asked of the engine; given by its ETag. */
void preview_get(struct web *, struct http_conn *, struct exchange *);
void preview_give(struct web *, struct http_conn *, const char *json);

/* events.c: who listens to what changes. */
#define EVENTS_REPLY UINT64_MAX		/* reply_to of its own queries; no request has it */
struct events *events_new(void);
void events_free(struct events *);	/* after the last connection */
void events_get(struct web *, struct http_conn *, struct exchange *);
void events_leave(struct web *, struct listener *);	/* frees it; NULL is nobody */
void events_drained(struct web *, struct listener *);
void events_tick(struct web *);
/* What the reader answered; `body` is changed. */
void events_take(struct web *, bool refused, char *body);
/* Ends the answer, and x->listener with it. */
void events_end(struct web *, struct exchange *);
void events_end_all(struct web *);
void events_figures(struct web *, struct buf *out);

/* texts.c: templates, policies, roles, with an ETag. */
enum texts { TEXTS_TEMPLATES, TEXTS_POLICIES, TEXTS_ROLES, TEXTS_KINDS };
void texts_get(struct web *, struct http_conn *, struct exchange *);
/* resource.c: one contact or division, with an ETag. */
void resource_get(struct web *, struct http_conn *, struct exchange *);
/* The reader's answer to that: a line with the version, then JSON. */
void resource_give(struct web *, struct http_conn *, const char *body);
/* Which versions the header If-Match lets be changed; -1: it names none that we could have given. */
void resource_match(const struct http_conn *, struct if_match *out);
/* export.c: lists given page by page. */
void export_get(struct web *, struct http_conn *, struct exchange *);
void export_leave(struct web *, struct export *);	/* frees it; NULL is none */
void export_drained(struct web *, struct export *);
void exports_tick(struct web *);
/* static.c: the console's files. */
void static_open(struct web *);		/* begins to read them */
void static_reload(struct web *);
void static_close(struct web *);	/* after the last connection */
/* Is there a file at this path?  Then it is x->file. */
bool static_find(struct web *, struct exchange *, const char *path);
void static_answer(struct http_conn *, struct exchange *);

/* A page, or why there is none (refusal NULL: there is one).  false: nothing was given and nothing
 * will be; answer with the refusal. */
bool export_take(struct web *, struct exchange *, const struct err *refusal, const char *body,
		 size_t len);

#endif
