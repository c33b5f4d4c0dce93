/* ask.c -- questions of people to one route's driver: an AT command, a USSD code, a test
 * message, or how it finds itself.
 * The audit row is on disk before anything leaves; the answer is written down before it is told.
 * Open questions are memory only: who asked hangs on gongd's life as the question does. */
#include "daemon/engine/answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_WITHIN_MS SECONDS(100)
#define AUDIT_MAX 1000			/* bytes of an answer that the audit keeps */

static void
audit(struct engine *e, const char *actor, const char *action, json_t *detail)
{
	char *text = json_dumps(detail, JSON_COMPACT | JSON_PRESERVE_ORDER);

	store_audit(e->store, e->now, actor, action, text ? text : "{}");
	free(text);
	json_decref(detail);
}

/* A PIN or a password is nobody's to read later. */
static const char *
for_audit(const char *text)
{
	static const char *const secrets[] = { "AT+CPIN=", "AT+CLCK=", "AT+CPWD=" };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (strncasecmp(text, secrets[i], strlen(secrets[i])) == 0)
			return secrets[i];
	if (strcasestr(text, "PIN") || strcasestr(text, "PUK") || strcasestr(text, "PWD") ||
	    strcasestr(text, "LCK"))
		return strchr(text, '=') ? "[a command with a PIN or password]" : text;
	return text;
}

static void
put_to_driver(struct engine *e, struct route_state *r, const struct ask_request *q, uint64_t id)
{
	struct effect *f = effect_new(EFFECT_ASK, r->id);

	f->ask.id = id;
	f->ask.what = xstrdup(q->what);
	f->ask.text = xstrdup(q->text);
	f->ask.to = q->to;
	f->ask.receipt_wait_ms = q->receipt_wait_ms;
	engine_effect(e, f);
}

/* Literals: a question outlives the request that brought it. */
static const char *
kind_of(const char *what)
{
	static const char *const kinds[] = { "at", "ussd", "test" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(what, kinds[i]) == 0)
			return kinds[i];
	return "sms";
}

void
engine_ask(struct engine *e, struct command *cmd)
{
	const struct ask_request *q = cmd->ask;
	struct route_state *r = engine_route_named(e, q->route);
	struct err err = { 0 };
	char to[PHONE_TEXT] = "";
	uint64_t id;

	if (!r) {
		err_say(&err, REFUSED_NOT_FOUND, about_name(CONCEPT_ROUTE, q->route), no_route, q->route);
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (!r->up) {
		err_say(&err, REFUSED_BUSY, about(CONCEPT_ROUTE), route_down, r->conf->name);
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (r->asking.count == QUESTIONS_MAX) {
		err_say(&err, REFUSED_TOO_MANY, about(CONCEPT_ROUTE), questions_max, r->conf->name,
			NUM(QUESTIONS_MAX));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	engine_asking_touch(e);
	id = ++e->asking.last_question;
	r->asking.open[r->asking.count++] = (struct question){
		.id = id, .reply_to = cmd->reply_to, .until = e->now + ANSWER_WITHIN_MS,
		.what = kind_of(q->what),
	};
	if (q->to)
		phone_format(to, q->to);
	audit(e, cmd->by.name, "route.ask", json_pack("{s:s,s:I,s:s,s:s,s:s}", "route", r->conf->name, "id",
		(json_int_t)id, "what", q->what, "text", for_audit(q->text ? q->text : ""), "to", to));
	put_to_driver(e, r, q, id);
}

/* Takes it out; false: it is not open (any more). */
static bool
take(struct engine *e, struct route_state *r, uint64_t id, struct question *out)
{
	struct asking *a = &r->asking;

	for (size_t i = 0; i < a->count; i++) {
		if (a->open[i].id != id)
			continue;
		engine_asking_touch(e);
		*out = a->open[i];
		a->open[i] = a->open[--a->count];
		return true;
	}
	return false;
}

/* No answer: to who asked, and to the audit. */
static void
give_up(struct engine *e, struct route_state *r, const struct question *q,
	const struct err *why)
{
	audit(e, "gong", "route.answer", json_pack("{s:s,s:I,s:b,s:s}", "route", r->conf->name, "id",
		(json_int_t)q->id, "ok", 0, "reason", why->text));
	engine_refuse(e, q->reply_to, why);
}

/* A long answer (a telephone book) is told whole and written down in part. */
static void
audit_answer(struct engine *e, struct route_state *r, const struct question *q, json_t *answer)
{
	char *said = json_dumps(answer, JSON_COMPACT | JSON_PRESERVE_ORDER);
	size_t len = said ? strlen(said) : 0;

	if (len > AUDIT_MAX) {
		len = AUDIT_MAX;
		while (len && ((unsigned char)said[len] & 0xc0) == 0x80)
			len--;		/* never cut inside a character */
		said[len] = '\0';
	}
	audit(e, "gong", "route.answer", json_pack("{s:s,s:I,s:b,s:s}", "route", r->conf->name, "id",
		(json_int_t)q->id, "ok", json_is_true(json_object_get(answer, "ok")), "answer",
		said ? said : ""));
	free(said);
}

static void
tell(struct engine *e, struct route_state *r, const struct question *q, json_t *answer)
{
	json_t *all = json_pack("{s:s,s:s}", "route", r->conf->name, "what", q->what);
	struct buf json = { 0 };
	char *text;

	json_object_update(all, answer);
	if (strcmp(q->what, "test") == 0)
		json_object_update_new(all, json_pack("{s:I,s:I}", "window", (json_int_t)r->window,
						      "in_flight", (json_int_t)r->inflight));
	text = json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER);
	buf_puts(&json, text ? text : "{}");
	engine_reply(e, q->reply_to, REPLY_DONE, &json);
	free(text);
	json_decref(all);
}

void
engine_answered(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	struct err err = { 0 };
	struct question q;
	json_t *answer;

	answer = cmd->answered.json ? json_loads(cmd->answered.json, 0, NULL) : NULL;
	if (cmd->answered.id && cmd->answered.id == r->asking.canary.question) {
		engine_canary_answered(e, r, answer);
	} else if (!take(e, r, cmd->answered.id, &q)) {
		;			/* given up before, or asked by nobody */
	} else if (answer) {
		if (strcmp(q.what, "sms") == 0 && json_is_true(json_object_get(answer, "ok")))
			engine_route_works(e, r);	/* somebody has mended it and tried */
		audit_answer(e, r, &q, answer);
		tell(e, r, &q, answer);
	} else {
		err_say(&err, REFUSED_BUSY, about(CONCEPT_ROUTE), route_went_before,
			r->conf->name);
		give_up(e, r, &q, &err);
	}
	json_decref(answer);
}

void
engine_questions_lost(struct engine *e, struct route_state *r, const char *reason)
{
	struct err err = { 0 };
	struct question q;

	err_say(&err, REFUSED_BUSY, about(CONCEPT_ROUTE), route_went_during, r->conf->name,
		reason);
	engine_canary_lost(e, r);
	while (r->asking.count && take(e, r, r->asking.open[0].id, &q))
		give_up(e, r, &q, &err);
}

void
engine_questions_due(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];
		struct err err = { 0 };
		struct question q;

		err_say(&err, REFUSED_NO_ANSWER, about(CONCEPT_ROUTE), route_no_answer,
			r->conf->name, NUM((ANSWER_WITHIN_MS / 1000)));
		for (size_t k = r->asking.count; k-- > 0;)
			if (r->asking.open[k].until <= e->now &&
			    take(e, r, r->asking.open[k].id, &q))
				give_up(e, r, &q, &err);
	}
}

msec
engine_questions_next(const struct engine *e)
{
	msec at = NEVER;

	for (size_t i = 0; i < e->route_count; i++)
		for (size_t k = 0; k < e->routes[i]->asking.count; k++)
			at = msec_min(at, e->routes[i]->asking.open[k].until);
	return at;
}

void
engine_questions_shift(struct engine *e, msec by)
{
	engine_asking_touch(e);
	for (size_t i = 0; i < e->route_count; i++)
		for (size_t k = 0; k < e->routes[i]->asking.count; k++)
			e->routes[i]->asking.open[k].until += by;
}
