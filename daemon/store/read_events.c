/* read_events.c -- the story of an alert in sentences: what happened, to whom by name, in the
 * reader's language; its detail stands beside it, for programs. */
#include "daemon/store/read_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/rung.h"
#include "daemon/store/store.h"

struct story {				/* one line of it */
	struct reader *r;
	const struct settings *s;
	const struct policy *policy;
	enum lang lang;			/* of names that settings have in each */
	json_t *detail;
	char values[PHRASE_VALUES_MAX][SAID_VALUE];
	int64_t contact, alert;		/* named beside the sentence; 0 = none */
};

/* How a value of the sentence is made of a member of the detail. */
typedef void (*value_fn)(struct story *, json_t *member, char out[SAID_VALUE]);

static void
plain(struct story *t, json_t *member, char out[SAID_VALUE])
{
	if (json_is_integer(member))
		snprintf(out, SAID_VALUE, "%lld", (long long)json_integer_value(member));
	else
		snprintf(out, SAID_VALUE, "%s", json_is_string(member) ? json_string_value(member) : "-");
	text_mend(out);
}

static void
person(struct story *t, json_t *member, char out[SAID_VALUE])
{
	sqlite3_stmt *st;

	t->contact = json_integer_value(member);
	st = read_query(t->r, "SELECT name FROM contact WHERE id = ?", "i", t->contact);
	snprintf(out, SAID_VALUE, "%s", WORD(event_the_desk));
	if (read_step(t->r, st)) {
		snprintf(out, SAID_VALUE, "%s", sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	}
}

/* Of whom the desk has it, by the name that was given. */
static void
informant(struct story *t, json_t *member, char out[SAID_VALUE])
{
	plain(t, member, out);
	if (!json_string_length(member))
		snprintf(out, SAID_VALUE, "%s", WORD(event_the_desk));
}

static void
alert_code(struct story *t, json_t *member, char out[SAID_VALUE])
{
	sqlite3_stmt *st;

	t->alert = json_integer_value(member);
	st = read_query(t->r, "SELECT code FROM alert WHERE id = ?", "i", t->alert);
	snprintf(out, SAID_VALUE, "%lld", (long long)t->alert);
	if (read_step(t->r, st)) {
		snprintf(out, SAID_VALUE, "%s", sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	}
}

static void
step(struct story *t, json_t *member, char out[SAID_VALUE])
{
	json_int_t n = json_integer_value(member);

	if (t->policy && n >= 0 && (size_t)n < t->policy->step_count && t->policy->steps[n].name)
		rung_word(out, t->policy->steps[n].name);
	else
		snprintf(out, SAID_VALUE, "%lld", (long long)n);
}

static void
severity(struct story *t, json_t *member, char out[SAID_VALUE])
{
	int n = json_is_string(member) ? severity_parse(json_string_value(member)) : -1;

	snprintf(out, SAID_VALUE, "%s", n < 0 ? "-" : severity_word((enum severity)n));
}

static void
role(struct story *t, json_t *member, char out[SAID_VALUE])
{
	plain(t, member, out);
	for (size_t i = 0; i < t->s->role_count; i++)
		if (strcmp(t->s->roles[i].name, out) == 0 && t->s->roles[i].title[t->lang])
			snprintf(out, SAID_VALUE, "%s", t->s->roles[i].title[t->lang]);
}

static void
place(struct story *t, json_t *member, char out[SAID_VALUE])
{
	const char *text = json_string_value(member);
	division_code code = 0;
	sqlite3_stmt *st;

	plain(t, member, out);
	if (!text || division_parse(&code, text, NULL) < 0)
		return;
	st = read_query(t->r, "SELECT name FROM division WHERE code = ?", "i", code);
	if (read_step(t->r, st)) {
		snprintf(out, SAID_VALUE, "%s", sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	}
}

static void
meaning(struct story *t, json_t *member, char out[SAID_VALUE])
{
	static const enum phrase words[ANSWER_COUNT] = {
		[ANSWER_NONE] = PHRASE_means_none, [ANSWER_ANSWERED] = PHRASE_means_answered,
		[ANSWER_ACKNOWLEDGED] = PHRASE_means_acknowledged, [ANSWER_IN_POST] = PHRASE_means_in_post,
		[ANSWER_DONE] = PHRASE_means_done, [ANSWER_CANNOT] = PHRASE_means_cannot,
		[ANSWER_HELP] = PHRASE_means_help, [ANSWER_COMING] = PHRASE_means_coming,
		[ANSWER_DELAYED] = PHRASE_means_delayed, [ANSWER_OPT_OUT] = PHRASE_means_opt_out,
	};
	int kind = json_is_string(member) ? answer_kind_parse(json_string_value(member)) : -1;

	if (kind < 0)
		plain(t, member, out);
	else
		said_make(out, words[kind], NULL);
}

static void
source(struct story *t, json_t *member, char out[SAID_VALUE])
{
	static const enum phrase words[] = { PHRASE_source_sms, PHRASE_source_key, PHRASE_source_call,
					     PHRASE_source_missed, PHRASE_source_desk,
					     PHRASE_source_api };
	json_int_t n = json_integer_value(member);

	if (n < 0 || n >= (json_int_t)(sizeof(words) / sizeof(*words)))
		plain(t, member, out);
	else
		said_make(out, words[n], NULL);
}

static const struct {
	const char *what, *flag;	/* flag: only where that member is true or above 0 */
	enum phrase phrase;
	struct { const char *member; value_fn make; } values[4];
} sentences[] = {
	{ "accepted", NULL, PHRASE_event_accepted, { { "client", plain }, { "severity", severity } } },
	{ "step", "broadcast", PHRASE_event_step_broadcast, { { "step", step } } },
	{ "step", "nobody", PHRASE_event_step_nobody, { { "step", step }, { "messages", plain },
							 { "nobody", plain } } },
	{ "step", "console", PHRASE_event_step_console, { { "step", step }, { "messages", plain } } },
	{ "step", NULL, PHRASE_event_step, { { "step", step }, { "messages", plain } } },
	{ "step_skipped", NULL, PHRASE_event_step_skipped, { { "step", step } } },
	{ "drill_spares", NULL, PHRASE_event_drill_spares, { { "step", step } } },
	{ "channel_without_route", NULL, PHRASE_event_no_route, { { "step", step } } },
	{ "roster_gap", NULL, PHRASE_event_roster_gap, { { "role", role }, { "division", place } } },
	{ "step_put_aside", NULL, PHRASE_event_step_aside, { { "step", step } } },
	{ "planned", NULL, PHRASE_event_planned, { { "people", plain } } },
	{ "answer", "helper", PHRASE_event_answer_helper, { { "contact", person }, { "kind", meaning },
							    { "source", source } } },
	{ "answer", "for_place", PHRASE_event_answer_for, { { "name", informant }, { "kind", meaning },
							    { "division", place } } },
	{ "answer", NULL, PHRASE_event_answer, { { "contact", person }, { "kind", meaning },
						 { "source", source } } },
	{ "task", NULL, PHRASE_event_task, { { "silent", plain } } },
	{ "deadline", NULL, PHRASE_event_deadline, { { "satisfied", plain }, { "targets", plain } } },
	{ "satisfied", NULL, PHRASE_event_satisfied, { { "satisfied", plain }, { "targets", plain } } },
	{ "exhausted", NULL, PHRASE_event_exhausted, { { "satisfied", plain }, { "targets", plain } } },
	{ "expired", NULL, PHRASE_event_expired, { { "satisfied", plain }, { "targets", plain } } },
	{ "extended", NULL, PHRASE_event_extended, { { "by", plain } } },
	{ "reopened", NULL, PHRASE_event_reopened, { { NULL, NULL } } },
	{ "catch_up", NULL, PHRASE_event_catch_up, { { "targets", plain }, { "messages", plain } } },
	{ "nobody", NULL, PHRASE_event_nobody, { { "targets", plain }, { "messages", plain } } },
	{ "unreachable", NULL, PHRASE_event_unreachable, { { "step", step } } },
	{ "stood_down", NULL, PHRASE_event_stood_down, { { "people", plain } } },
	{ "expiry_told", NULL, PHRASE_event_expiry_told, { { "people", plain } } },
	{ "good_end", NULL, PHRASE_event_good_end, { { "people", plain } } },
	{ "good_end_over", NULL, PHRASE_event_good_end_over, { { "people", plain } } },
	{ "words", NULL, PHRASE_event_words, { { "contact", person } } },
	{ "moved", NULL, PHRASE_event_moved, { { "to", alert_code }, { "targets", plain },
					       { "left", plain } } },
	{ "replaced", NULL, PHRASE_event_replaced, { { "by", alert_code } } },
	{ "cancelled", NULL, PHRASE_event_cancelled, { { "by", plain } } },
	{ "restored", NULL, PHRASE_event_restored, { { "uncertain", plain } } },
	{ "resumed", NULL, PHRASE_event_resumed, { { "by", plain } } },
	{ "inbox_assigned", NULL, PHRASE_event_inbox_assigned, { { "inbox", plain }, { "kind", meaning },
								 { "contact", person } } },
	{ "inbox_answered", NULL, PHRASE_event_inbox_answered, { { "inbox", plain },
								 { "contact", person } } },
	{ "task_taken", NULL, PHRASE_event_task_taken, { { "task", plain }, { "by", plain } } },
	{ "task_closed", NULL, PHRASE_event_task_closed, { { "task", plain }, { "by", plain } } },
};

/* An event of a newer gong is told by its own word. */
static void
make_sentence(struct story *t, const char *what, struct said *said)
{
	const char *values[PHRASE_VALUES_MAX] = { what };
	size_t i = 0, count = sizeof(sentences) / sizeof(*sentences);
	enum phrase phrase = PHRASE_verbatim;

	for (; i < count; i++) {
		json_t *flag = sentences[i].flag ? json_object_get(t->detail, sentences[i].flag) : NULL;

		if (strcmp(sentences[i].what, what) == 0 &&
		    (!sentences[i].flag || json_is_true(flag) || json_integer_value(flag) > 0))
			break;
	}
	for (unsigned k = 0; i < count && k < 4 && sentences[i].values[k].member; k++) {
		sentences[i].values[k].make(t, json_object_get(t->detail, sentences[i].values[k].member),
					    t->values[k]);
		values[k] = t->values[k];
	}
	if (i < count)
		phrase = sentences[i].phrase;
	said_fill(said, phrase, values);
}

static void
named(struct story *t, struct buf *out)
{
	sqlite3_stmt *st;

	if (t->contact) {
		st = read_query(t->r, "SELECT ref, name FROM contact WHERE id = ?", "i", t->contact);
		if (read_step(t->r, st)) {
			buf_puts(out, ",");
			json_column(out, "contact", st, 0);
			buf_puts(out, ",");
			json_column(out, "person", st, 1);
			sqlite3_reset(st);
		}
	}
	if (t->alert)
		buf_printf(out, ",\"alert\":%lld", (long long)t->alert);
}

static void
event_json(struct story *t, sqlite3_stmt *st, enum lang lang, struct buf *out)
{
	const char *what = (const char *)sqlite3_column_text(st, 2);
	const char *detail = (const char *)sqlite3_column_text(st, 3);
	struct said said;

	t->contact = t->alert = 0;
	t->detail = json_loads(detail, 0, NULL);
	make_sentence(t, what, &said);
	json_number(out, "id", st, 0);
	buf_puts(out, ",");
	json_number(out, "at", st, 1);
	buf_puts(out, ",");
	json_text(out, "what", what);
	buf_puts(out, ",");
	json_sentence(out, "text", &said, lang);
	named(t, out);
	buf_printf(out, ",\"detail\":%s", detail);
	json_decref(t->detail);
}

int
read_events(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	    struct err *err)
{
	struct story t = { .r = r, .s = s, .lang = q->lang == LANG_COUNT ? LANG_ZH : q->lang };
	size_t limit = read_limit(q), count = 0;
	int64_t after, last = 0;
	bool more = false;
	sqlite3_stmt *st;

	if (read_check(r, q, &after, 1, err) < 0)
		return -1;
	t.policy = read_policy(r, s, read_number(r, read_query(r, "SELECT policy FROM alert "
							       "WHERE id = ?", "i", q->alert)));
	st = read_query(r, "SELECT id, at, what, CASE WHEN json_valid(detail) THEN detail "
		"ELSE json_object('text', detail) END FROM event WHERE alert = ? AND id > ? "
		"ORDER BY id LIMIT ?", "iii", q->alert, after, (int64_t)limit + 1);
	buf_puts(out, "{\"events\":[");
	while (read_step(r, st)) {
		if (count == limit) {
			more = true;
			continue;
		}
		last = sqlite3_column_int64(st, 0);
		buf_puts(out, count++ ? ",{" : "{");
		event_json(&t, st, q->lang, out);
		buf_puts(out, "}");
	}
	read_list_end(out, more, last);
	return 0;
}
