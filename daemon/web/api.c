/* api.c -- the calls of docs/api.md: what each needs, and the command or query it becomes. */
#include "daemon/web/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/json"
#define CSV_TYPE "text/csv"
#define ANY_TYPE ""
#define IMPORT_WITHIN_S 900
#define ASK_WITHIN_S 110		/* the engine gives up after 100 */

static void
submit(struct web *web, struct http_conn *c, const struct exchange *x, struct command *cmd)
{
	cmd->by = x->by;
	cmd->reply_to = http_id(c);
	if (web->ports.submit(web->ports.ctx, cmd))
		return;
	command_free(cmd);
	web_busy(c);
}

static bool
read_query(struct web *web, struct http_conn *c, const struct exchange *x, struct query *q)
{
	struct err err;

	if (query_parse(q, http_request(c)->query, x->call->query, web->ports.now(web->ports.ctx),
			&err) == 0)
		return true;
	web_refuse(c, &err);
	return false;
}

static void
post_alert(struct web *web, struct http_conn *c, struct exchange *x)
{
	const char *key = http_header(http_request(c), "idempotency-key");
	const struct buf *body = http_body(c);
	struct alert_request *request;
	struct err err = { 0 };
	struct command *cmd;
	struct query q;
	int rc;

	x->form = x->call->kind ? FORM_CALLOUT : FORM_ALERT;
	if (!read_query(web, c, x, &q))
		return;
	rc = x->call->kind
		? intake_callout(&request, body->data, body->len, key, q.dry_run, x->settings,
				 &err)
		: intake_alert(&request, body->data, body->len, key, q.dry_run, &err);
	if (rc < 0) {
		web_refuse(c, &err);
		return;
	}
	cmd = command_new(CMD_ACCEPT, -1);
	cmd->accept = request;
	submit(web, c, x, cmd);
}

static void
post_ack(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct buf *body = http_body(c);
	struct answer_request *answer;
	struct err err = { 0 };
	struct command *cmd;
	struct query q;
	int rc;

	if (!read_query(web, c, x, &q))
		return;
	rc = intake_ack(&answer, x->place.id, body->data, body->len, &err);
	if (rc < 0) {
		web_refuse(c, &err);
		return;
	}
	cmd = command_new(CMD_ANSWER, -1);
	cmd->answer = answer;
	submit(web, c, x, cmd);
}

static void
post_cancel(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct buf *body = http_body(c);
	struct cancel_request *cancel;
	struct err err = { 0 };
	struct command *cmd;
	struct query q;
	int rc;

	if (!read_query(web, c, x, &q))
		return;
	rc = intake_cancel(&cancel, x->place.id, body->data, body->len, &err);
	if (rc < 0) {
		web_refuse(c, &err);
		return;
	}
	cmd = command_new(CMD_CANCEL, -1);
	cmd->cancel = cancel;
	submit(web, c, x, cmd);
}

static void
post_task(struct web *web, struct http_conn *c, struct exchange *x)
{
	enum command_kind kind = (enum command_kind)x->call->kind;
	const struct buf *body = http_body(c);
	struct task_request *task;
	struct err err = { 0 };
	struct command *cmd;
	struct query q;

	if (!read_query(web, c, x, &q))
		return;
	if (intake_task(&task, x->place.id, kind == CMD_TASK_TAKE, body->data, body->len, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	cmd = command_new(kind, -1);
	cmd->task = task;
	submit(web, c, x, cmd);
}

static void
post_inbox(struct web *web, struct http_conn *c, struct exchange *x)
{
	enum command_kind kind = (enum command_kind)x->call->kind;
	const struct buf *body = http_body(c);
	struct inbox_request *inbox;
	struct err err = { 0 };
	struct command *cmd;
	struct query q;

	if (!read_query(web, c, x, &q))
		return;
	if (intake_inbox(&inbox, x->place.id, kind, body->data, body->len, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	cmd = command_new(kind, -1);
	cmd->inbox = inbox;
	submit(web, c, x, cmd);
}

static void
put_contact(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct buf *body = http_body(c);
	struct contact_request *q;
	struct err err = { 0 };
	struct command *cmd;
	struct query none;

	if (!read_query(web, c, x, &none))
		return;
	if (intake_contact(&q, x->place.name, x->call->kind != 0, body->data, body->len, x->settings, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	resource_match(c, &q->if_match);
	cmd = command_new(CMD_CONTACT, -1);
	cmd->contact = q;
	submit(web, c, x, cmd);
}

static void
post_optin(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct buf *body = http_body(c);
	struct contact_request *q;
	struct err err = { 0 };
	struct command *cmd;
	struct query none;

	if (!read_query(web, c, x, &none))
		return;
	if (intake_opt_in(&q, x->place.name, body->data, body->len, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	cmd = command_new(CMD_CONTACT, -1);
	cmd->contact = q;
	submit(web, c, x, cmd);
}

static void
put_division(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct buf *body = http_body(c);
	struct division_request *q;
	struct err err = { 0 };
	struct command *cmd;
	struct query none;

	if (!read_query(web, c, x, &none))
		return;
	if (intake_division(&q, x->place.name, x->call->kind != 0, body->data, body->len, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	resource_match(c, &q->if_match);
	cmd = command_new(CMD_DIVISION, -1);
	cmd->division = q;
	submit(web, c, x, cmd);
}

/* The note that may be with it; false: it was refused. */
static bool
read_note(struct web *web, struct http_conn *c, struct exchange *x, char **note)
{
	const struct buf *body = http_body(c);
	struct err err = { 0 };
	struct query q;

	if (!read_query(web, c, x, &q))
		return false;
	if (intake_route_resume(note, body->data, body->len, &err) == 0)
		return true;
	web_refuse(c, &err);
	return false;
}

static void
post_signal(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct command *cmd;
	char *note;

	if (!read_note(web, c, x, &note))
		return;
	cmd = command_new((enum command_kind)x->call->kind, -1);
	cmd->signal = xcalloc(1, sizeof(*cmd->signal));
	cmd->signal->signal = x->place.id;
	cmd->signal->note = note;
	submit(web, c, x, cmd);
}

static void
post_ask(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct buf *body = http_body(c);
	struct ask_request *ask;
	struct err err = { 0 };
	struct command *cmd;
	struct query q;
	int rc;

	if (!read_query(web, c, x, &q))
		return;
	rc = intake_ask(&ask, body->data, body->len, &x->settings->phone_plan, &err);
	if (rc < 0) {
		web_refuse(c, &err);
		return;
	}
	http_wait_s(c, ASK_WITHIN_S);
	ask->route = xstrdup(x->place.name);
	cmd = command_new(CMD_ASK, -1);
	cmd->ask = ask;
	submit(web, c, x, cmd);
}

static void
post_resume(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct command *cmd;
	char *note;

	if (!read_note(web, c, x, &note))
		return;
	cmd = command_new(CMD_RESUME, -1);
	cmd->resume.name = xstrdup(x->place.name);
	cmd->resume.note = note;
	submit(web, c, x, cmd);
}

static void
post_alert_resume(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct command *cmd;
	char *note;

	if (!read_note(web, c, x, &note))
		return;
	cmd = command_new(CMD_ALERT_RESUME, -1);
	cmd->held.alert = x->place.id;
	cmd->held.note = note;
	submit(web, c, x, cmd);
}

/* The body went to the CSV reader as it came. */
static void
post_import(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct import_request *rows;
	struct command *cmd;
	struct err err;
	struct query q;

	if (!read_query(web, c, x, &q))
		return;
	if (q.within && !q.preview) {
		err_say(&err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "within"), import_within_preview);
		web_refuse(c, &err);
		return;
	}
	if (csv_intake_finish(x->csv, &rows) < 0) {
		web_refuse_faults(c, csv_intake_faults(x->csv));
		return;
	}
	rows->preview = q.preview;
	rows->within = q.within;
	rows->yes = q.yes;
	http_wait_s(c, IMPORT_WITHIN_S);
	cmd = command_new(CMD_IMPORT, -1);
	cmd->import = rows;
	submit(web, c, x, cmd);
}

static void
post_staged(struct web *web, struct http_conn *c, struct exchange *x)
{
	enum command_kind kind = (enum command_kind)x->call->kind;
	const struct buf *body = http_body(c);
	struct command *cmd = command_new(kind, -1);
	struct err err = { 0 };
	struct query q;

	cmd->staged.import = x->place.id;
	if (!read_query(web, c, x, &q)) {
		command_free(cmd);
	} else if (kind == CMD_IMPORT_APPLY &&
		   intake_import_apply(&cmd->staged, body->data, body->len, &err) < 0) {
		command_free(cmd);
		web_refuse(c, &err);
	} else {
		http_wait_s(c, IMPORT_WITHIN_S);
		submit(web, c, x, cmd);
	}
}

static void
get_read(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct read_query *read = read_prepare(web, c, x);

	if (read)
		read_ask(web, c, read);
}

static void
get_live(struct web *web, struct http_conn *c, struct exchange *x)
{
	web_json(c, 200, "{\"status\":\"live\"}");
}

static void
get_ready(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct web_state state = { 0 };
	struct err err;

	web->ports.state(web->ports.ctx, &state);
	if (state.ready) {
		web_json(c, 200, "{\"status\":\"ready\"}");
		return;
	}
	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), not_ready, NEST(&state.why_not));
	web_refuse(c, &err);
}

static void
web_figures(struct web *web, struct buf *out)
{
	const struct http_counts *n = http_counts(web->http);

	buf_puts(out, "# HELP gong_http_requests_total Answers by class of status.\n"
		 "# TYPE gong_http_requests_total counter\n");
	for (int class = 1; class < 6; class++)
		buf_printf(out, "gong_http_requests_total{class=\"%dxx\"} %lu\n", class,
			   n->by_class[class]);
	buf_printf(out, "# HELP gong_http_connections Open connections.\n"
		   "# TYPE gong_http_connections gauge\ngong_http_connections %zu\n"
		   "# HELP gong_http_connections_total Connections accepted.\n"
		   "# TYPE gong_http_connections_total counter\ngong_http_connections_total %lu\n"
		   "# HELP gong_http_turned_away_total Connections beyond connections_max.\n"
		   "# TYPE gong_http_turned_away_total counter\ngong_http_turned_away_total %lu\n"
		   "# HELP gong_http_auth_failures_total Unknown tokens and callback secrets.\n"
		   "# TYPE gong_http_auth_failures_total counter\n"
		   "gong_http_auth_failures_total %lu\n"
		   "# HELP gong_http_callbacks_refused_total Callbacks from addresses that "
		   "callback_from does not name.\n"
		   "# TYPE gong_http_callbacks_refused_total counter\n"
		   "gong_http_callbacks_refused_total %lu\n", n->open, n->accepted, n->turned_away,
		   web->auth_failures, web->callbacks_refused);
}

static void
get_metrics(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct buf out = { 0 };

	web->ports.metrics(web->ports.ctx, &out);
	web_figures(web, &out);
	events_figures(web, &out);
	http_answer(c, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, out.data, out.len, 0);
	buf_fini(&out);
}

#define PAGE (QUERY_LIMIT | QUERY_AFTER)
#define ALERT_FILTER (QUERY_ALERT_STATE | QUERY_SEVERITY | QUERY_MODE | QUERY_CLIENT | QUERY_KEY | \
		      QUERY_SINCE | QUERY_DIVISION)

static const struct api_call calls[] = {
	{ "POST", "/v1/alerts", VERB_SEND, JSON_TYPE, QUERY_DRY_RUN, post_alert, 0 },
	{ "GET", "/v1/alerts", VERB_READ, NULL, QUERY_OPEN | PAGE | ALERT_FILTER, get_read, READ_ALERTS },
	{ "GET", "/v1/alerts/{alert}", VERB_READ, NULL, 0, get_read, READ_ALERT },
	{ "GET", "/v1/alerts/{alert}/targets", VERB_READ, NULL, QUERY_BELOW | PAGE, get_read,
	  READ_TARGETS },
	{ "GET", "/v1/alerts/{alert}/messages", VERB_READ, NULL, QUERY_STATE | QUERY_UNMASKED | PAGE,
	  get_read, READ_MESSAGES },
	{ "GET", "/v1/alerts/{alert}/messages.csv", VERB_READ, NULL, QUERY_STATE | QUERY_UNMASKED,
	  export_get, READ_MESSAGES_CSV },
	{ "GET", "/v1/alerts/{alert}/events", VERB_READ, NULL, PAGE, get_read, READ_EVENTS },
	{ "GET", "/v1/alerts/{alert}/answers", VERB_READ, NULL, PAGE, get_read, READ_ANSWERS },
	{ "POST", "/v1/alerts/{alert}/cancel", VERB_CANCEL, JSON_TYPE, 0, post_cancel, 0 },
	{ "POST", "/v1/alerts/{alert}/resume", VERB_SEND, JSON_TYPE, 0, post_alert_resume, 0 },
	{ "POST", "/v1/alerts/{alert}/acks", VERB_ACK, JSON_TYPE, 0, post_ack, 0 },
	{ "POST", "/v1/callouts", VERB_SEND, JSON_TYPE, QUERY_DRY_RUN, post_alert, 1 },
	{ "GET", "/v1/events", VERB_READ, NULL, 0, events_get, 0 },
	{ "GET", "/v1/tasks", VERB_READ, NULL, QUERY_OPEN | PAGE, get_read, READ_TASKS },
	{ "POST", "/v1/tasks/{id}/take", VERB_TASK, JSON_TYPE, 0, post_task, CMD_TASK_TAKE },
	{ "POST", "/v1/tasks/{id}/note", VERB_TASK, JSON_TYPE, 0, post_task, CMD_TASK_NOTE },
	{ "POST", "/v1/tasks/{id}/close", VERB_TASK, JSON_TYPE, 0, post_task, CMD_TASK_CLOSE },
	{ "GET", "/v1/inbox", VERB_READ, NULL, QUERY_OPEN | QUERY_ALERT | QUERY_CONTACT | QUERY_SINCE |
	  QUERY_UNMASKED | PAGE, get_read, READ_INBOX },
	{ "POST", "/v1/inbox/{id}/assign", VERB_INBOX, JSON_TYPE, 0, post_inbox, CMD_INBOX_ASSIGN },
	{ "POST", "/v1/inbox/{id}/ignore", VERB_INBOX, JSON_TYPE, 0, post_inbox, CMD_INBOX_IGNORE },
	{ "POST", "/v1/inbox/{id}/answer", VERB_INBOX, JSON_TYPE, 0, post_inbox, CMD_INBOX_ANSWER },
	{ "GET", "/v1/sources", VERB_READ, NULL, 0, get_read, READ_SOURCES },
	{ "POST", "/v1/sources/{name}/test", VERB_READ, ANY_TYPE, 0, source_try, 0 },
	{ "GET", "/v1/signals", VERB_READ, NULL, QUERY_SOURCE | QUERY_SIGNAL_STATE | PAGE, get_read,
	  READ_SIGNALS },
	{ "GET", "/v1/signals/{id}", VERB_READ, NULL, 0, get_read, READ_SIGNAL },
	{ "POST", "/v1/signals/{id}/release", VERB_SEND, JSON_TYPE, 0, post_signal, CMD_SIGNAL_RELEASE },
	{ "POST", "/v1/signals/{id}/replay", VERB_SEND, JSON_TYPE, 0, post_signal, CMD_SIGNAL_REPLAY },
	{ "GET", "/v1/routes", VERB_READ, NULL, 0, get_read, READ_ROUTES },
	{ "GET", "/v1/templates", VERB_READ, NULL, 0, texts_get, TEXTS_TEMPLATES },
	{ "GET", "/v1/templates/{ref}/preview", VERB_READ, NULL, 0, preview_get, 0 },
	{ "GET", "/v1/policies", VERB_READ, NULL, 0, texts_get, TEXTS_POLICIES },
	{ "GET", "/v1/roles", VERB_READ, NULL, 0, texts_get, TEXTS_ROLES },
	{ "GET", "/v1/kinds", VERB_READ, NULL, 0, texts_get, TEXTS_KINDS },
	{ "GET", "/v1/check", VERB_READ, NULL, QUERY_DIVISION | QUERY_SINCE | QUERY_UNMASKED | PAGE, get_read,
	  READ_SEASON },
	{ "GET", "/v1/contacts", VERB_READ, NULL, QUERY_FIND | QUERY_ROLE | QUERY_DIVISION | QUERY_TAG | QUERY_ACTIVE |
	  QUERY_OPTED_OUT | QUERY_UNMASKED | PAGE, get_read, READ_CONTACTS },
	{ "GET", "/v1/contacts/{ref}", VERB_READ, NULL, QUERY_UNMASKED, resource_get, READ_CONTACT },
	{ "PUT", "/v1/contacts/{ref}", VERB_PEOPLE, JSON_TYPE, 0, put_contact, 0 },
	{ "PATCH", "/v1/contacts/{ref}", VERB_PEOPLE, JSON_TYPE, 0, put_contact, 1 },
	{ "POST", "/v1/contacts/{ref}/optin", VERB_PEOPLE, JSON_TYPE, 0, post_optin, 0 },
	{ "GET", "/v1/divisions", VERB_READ, NULL, QUERY_FIND | QUERY_DIVISION | PAGE, get_read, READ_DIVISIONS },
	{ "GET", "/v1/tags", VERB_READ, NULL, 0, get_read, READ_TAGS },
	{ "GET", "/v1/divisions/{code}", VERB_READ, NULL, 0, resource_get, READ_DIVISION },
	{ "PUT", "/v1/divisions/{code}", VERB_PEOPLE, JSON_TYPE, 0, put_division, 0 },
	{ "PATCH", "/v1/divisions/{code}", VERB_PEOPLE, JSON_TYPE, 0, put_division, 1 },
	{ "POST", "/v1/routes/{name}/ask", VERB_ROUTES, JSON_TYPE, 0, post_ask, 0 },
	{ "POST", "/v1/routes/{name}/resume", VERB_ROUTES, JSON_TYPE, 0, post_resume, 0 },
	{ "POST", "/v1/import/divisions", VERB_PEOPLE, CSV_TYPE, QUERY_PREVIEW | QUERY_WITHIN, post_import,
	  IMPORT_DIVISIONS },
	{ "POST", "/v1/import/contacts", VERB_PEOPLE, CSV_TYPE, QUERY_PREVIEW | QUERY_WITHIN | QUERY_YES, post_import,
	  IMPORT_CONTACTS },
	{ "POST", "/v1/import/roster", VERB_ROSTER, CSV_TYPE, QUERY_PREVIEW, post_import, IMPORT_ROSTER },
	{ "POST", "/v1/import/geometry", VERB_PEOPLE, CSV_TYPE, QUERY_PREVIEW, post_import, IMPORT_GEOMETRY },
	{ "GET", "/v1/imports", VERB_PEOPLE, NULL, 0, get_read, READ_IMPORTS },
	{ "GET", "/v1/imports/{id}", VERB_PEOPLE, NULL, 0, get_read, READ_IMPORT },
	{ "DELETE", "/v1/imports/{id}", VERB_PEOPLE, NULL, 0, post_staged, CMD_IMPORT_DROP },
	{ "GET", "/v1/imports/{id}/rows", VERB_PEOPLE, NULL, QUERY_CHANGE | QUERY_UNMASKED | PAGE, get_read,
	  READ_IMPORT_ROWS },
	{ "POST", "/v1/imports/{id}/apply", VERB_PEOPLE, JSON_TYPE, 0, post_staged, CMD_IMPORT_APPLY },
	{ "GET", "/v1/export/contacts", VERB_READ, NULL, QUERY_UNMASKED, export_get, READ_EXPORT_CONTACTS },
	{ "GET", "/v1/export/divisions", VERB_READ, NULL, 0, export_get, READ_EXPORT_DIVISIONS },
	{ "GET", "/v1/export/roster", VERB_READ, NULL, 0, export_get, READ_EXPORT_ROSTER },
	{ "GET", "/v1/export/geometry", VERB_READ, NULL, 0, export_get, READ_EXPORT_GEOMETRY },
	{ "GET", "/metrics", VERB_READ, NULL, 0, get_metrics, 0 },
	{ "GET", "/health/live", ANYBODY, NULL, 0, get_live, 0 },
	{ "GET", "/health/ready", ANYBODY, NULL, 0, get_ready, 0 },
};

static bool
take_id(const char **path, int64_t *id)
{
	*id = 0;
	for (int n = 0; **path >= '0' && **path <= '9'; ++*path, n++) {
		if (n == 18)
			return false;
		*id = *id * 10 + **path - '0';
	}
	return *id > 0;
}

static bool
take_name(const char **path, char name[64])
{
	size_t len = strcspn(*path, "/");

	if (!len || url_decode(name, 64, *path, len) < 0)
		return false;
	*path += len;
	return true;
}

static bool
take_alert(const char **path, int64_t *id)
{
	char name[64];

	return take_name(path, name) && alert_named(name, id);
}

static bool
matches(const char *pattern, const char *path, struct api_place *place)
{
	while (*pattern && *pattern == *path) {
		pattern++;
		path++;
	}
	if (*pattern != '{')
		return *pattern == *path;
	if (pattern[1] == 'i' ? !take_id(&path, &place->id)
	    : pattern[1] == 'a' ? !take_alert(&path, &place->id) : !take_name(&path, place->name))
		return false;
	return strcmp(strchr(pattern, '}') + 1, path) == 0;
}

bool
api_find(const char *method, const char *path, const struct api_call **out,
	 struct api_place *place, char allow[64])
{
	size_t n = 0;

	*allow = '\0';
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (!matches(calls[i].path, path, place))
			continue;
		if (strcmp(calls[i].method, method) == 0 ||
		    (strcmp(method, "HEAD") == 0 && strcmp(calls[i].method, "GET") == 0)) {
			*out = &calls[i];
			return true;
		}
		n += (size_t)snprintf(allow + n, 64 - n, "%s%s", n ? ", " : "", calls[i].method);
	}
	return false;
}
