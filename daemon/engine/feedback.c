/* feedback.c -- what a source is told of its own signals, where its section says `feedback`: what became
 * of one, who has answered, how its alert ended. */
#include "daemon/engine/ground.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/reply.h"
#include "daemon/settings/source.h"
#include "daemon/store/outbox.h"
#include "daemon/store/signals.h"

struct news {				/* one word to a source */
	enum source_feedback what;
	int64_t signal, alert;
	const char *ref;
	const char *state;		/* of the signal or of the alert; NULL = it is an answer */
	const char *content;		/* in words, for people; NULL = none */
	const char *who;		/* who answered; NULL = nobody did */
	const char *place;		/* code; "" = none */
	int level;
};

static const char *
local_time(char out[20], msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	strftime(out, 20, "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &tm));
	return out;
}

static void
put_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":", name);
	buf_json(out, text);
}

/* gong's own words for it. */
static void
plain_body(struct buf *out, const struct source_conf *c, const struct news *n, msec now)
{
	char code[CODE_TEXT];

	buf_printf(out, "{\"event\":\"%s\",\"at\":%lld,\"signal\":%lld", source_feedback_name(n->what), (long long)now,
		   (long long)n->signal);
	put_text(out, "source", c->name);
	put_text(out, "ref", n->ref);
	put_text(out, "state", n->state);
	code_format(code, (uint64_t)n->alert);
	if (n->alert)
		buf_printf(out, ",\"alert\":%lld,\"alert_code\":\"%s\"", (long long)n->alert, code);
	if (n->what == FEEDBACK_ANSWER) {
		buf_printf(out, ",\"level\":%d", n->level);
		put_text(out, "by", n->who);
		put_text(out, "division", n->place[0] ? n->place : NULL);
	}
	put_text(out, "content", n->content);
	buf_puts(out, "}");
}

/* The feedback row of flash-flood platforms: 10 alarmed inside, 40 answered, 50 over. */
static void
flood_body(struct buf *out, const struct news *n, msec now)
{
	int status = n->what == FEEDBACK_END ? 50 : n->what == FEEDBACK_ANSWER ? 40 : 10;
	char time[20];

	buf_printf(out, "{\"status\":%d,\"is_back\":%d,\"back_time\":\"%s\"", status, n->what == FEEDBACK_ANSWER,
		   local_time(time, now));
	put_text(out, "warn_record_id", n->ref);
	put_text(out, "user", n->who ? n->who : "gong");
	put_text(out, "back_content", n->content ? n->content : n->state);
	buf_puts(out, "}");
}

static void
tell(struct engine *e, const struct source_conf *c, const struct news *n)
{
	struct buf body = { 0 };

	if (c->feedback_form == FEEDBACK_FLOOD)
		flood_body(&body, n, e->now);
	else
		plain_body(&body, c, n, e->now);
	engine_outbox_add(e, c, &(struct outbox_row){
		.alert = n->alert, .is_post = true, .is_signed = true, .url = c->feedback_to,
		.type = "application/json", .body = body.data });
	buf_fini(&body);
}

static bool
wants(const struct source_conf *c, enum source_feedback what)
{
	return c && c->feedback_to && c->feedback >> what & 1;
}

void
engine_feedback_verdict(struct engine *e, const struct source_conf *c, const struct signal_row *r,
			const struct said *why)
{
	char content[SAID_BYTES] = "";
	struct news n = { .what = FEEDBACK_VERDICT, .signal = r->id, .alert = r->alert, .ref = r->ref,
			  .state = signal_state_name(r->state), .content = content };

	if (!wants(c, FEEDBACK_VERDICT))
		return;
	if (why)
		said_render(why, e->settings->default_lang, content, sizeof(content));
	tell(e, c, &n);
}

/* Whose alert it is, and by which signal; NULL: of no source that wants to know. */
static const struct source_conf *
who_asked(struct engine *e, int64_t alert, struct news *n, char ref[SIGNAL_REF_MAX + 1])
{
	const struct source_conf *c;
	char client[128];

	if (!e->settings->feedback_wanted || e->quiet || !store_alert_client(e->store, alert, client) ||
	    strncmp(client, SOURCE_PRINCIPAL, strlen(SOURCE_PRINCIPAL)) != 0)
		return NULL;
	c = settings_source(e->settings, client + strlen(SOURCE_PRINCIPAL));
	if (!wants(c, n->what) || !store_signal_of_alert(e->store, alert, &n->signal, ref))
		return NULL;
	n->alert = alert;
	n->ref = ref;
	return c;
}

void
engine_feedback_answer(struct engine *e, int64_t alert, const struct answer *a)
{
	struct news n = { .what = FEEDBACK_ANSWER, .level = a->level, .place = "", .content = a->text };
	char ref[SIGNAL_REF_MAX + 1], place[DIVISION_TEXT];
	const struct source_conf *c = who_asked(e, alert, &n, ref);
	struct person person;

	if (!c)
		return;
	n.who = a->name;
	if (a->contact && store_person_by_id(e->store, a->contact, &person))
		n.who = person.name;
	if (a->division) {
		division_format(place, a->division);
		n.place = place;
	}
	if (!n.content)
		n.content = a->note;
	n.state = answer_kind_name(a->kind);
	tell(e, c, &n);
}

void
engine_feedback_end(struct engine *e, int64_t alert, enum alert_state state)
{
	struct news n = { .what = FEEDBACK_END, .state = alert_state_name(state), .place = "" };
	char ref[SIGNAL_REF_MAX + 1];
	const struct source_conf *c = who_asked(e, alert, &n, ref);

	if (c)
		tell(e, c, &n);
}
