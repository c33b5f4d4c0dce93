/* alertmanager.c -- format `alertmanager`: Prometheus Alertmanager's webhook, version 4
 * (its documentation: configuration, webhook_config), and the list that Prometheus posts to /api/v2/alerts.
 * Each alert goes by its own status.  It is named by its fingerprint and when it began, so that a
 * sender which forgot everything and says it again is a repeat, and one that fires anew is not. */
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/url.h"
#include "daemon/intake/formats/alerts.h"
#include "daemon/intake/formats/document.h"

static void
take_labels(struct signal *s, json_t *labels, const char *prefix)
{
	char room[DOCUMENT_TEXT], name[SIGNAL_NAME_MAX + 1];
	const char *key;
	json_t *value;

	json_object_foreach(labels, key, value) {
		snprintf(name, sizeof(name), "%s%s", prefix, key);
		signal_label(s, name, document_text(value, room));
	}
}

/* What a warning light is called there; a rule may read the label itself. */
static int
severity_of(const char *word)
{
	static const struct { const char *word; enum severity severity; } words[] = {
		{ "critical", SEVERITY_RED }, { "page", SEVERITY_RED }, { "error", SEVERITY_ORANGE },
		{ "warning", SEVERITY_YELLOW }, { "info", SEVERITY_NOTICE }, { "none", SEVERITY_NOTICE },
	};

	for (size_t i = 0; word && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].word, word) == 0)
			return (int)words[i].severity;
	return word ? severity_parse(word) : -1;
}

/* Its labels in one order: a fingerprint where the sender gives none. */
static void
name_it(struct signal *s, json_t *alert, msec began)
{
	const char *print = json_string_value(json_object_get(alert, "fingerprint"));
	char *labels = print ? NULL : json_dumps(json_object_get(alert, "labels"), JSON_COMPACT | JSON_SORT_KEYS);
	char ref[SIGNAL_REF_MAX + 1];
	uint64_t hash = 0xcbf29ce484222325ull;

	for (const char *p = labels; p && *p; p++)	/* FNV-1a, as Prometheus itself has it */
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ull;
	if (print)
		snprintf(ref, sizeof(ref), "%.64s/%lld", print, (long long)began);
	else
		snprintf(ref, sizeof(ref), "%016llx/%lld", (unsigned long long)hash, (long long)began);
	free(labels);
	signal_set(s, &s->ref, ref, SIGNAL_REF_MAX);
}

/* The status says it, and where there is none (api/v2) an end that has passed. */
static bool
is_over(json_t *alert, msec ends, msec now)
{
	const char *status = json_string_value(json_object_get(alert, "status"));

	return status ? strcmp(status, "resolved") == 0 : ends && ends <= now;
}

static void
take_texts(struct signal *s, json_t *alert)
{
	static const char *const names[][2] = { { "summary", "headline" }, { "description", "description" },
						{ "message", "description" }, { "runbook_url", "instruction" } };
	json_t *notes = json_object_get(alert, "annotations");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = json_string_value(json_object_get(notes, names[i][0]));

		if (text && !signal_text(s, LANG_EN, names[i][1]))
			signal_text_set(s, LANG_EN, names[i][1], text);
	}
}

/* Its own end of a firing one is when its sender would take it for resolved, not when it is over. */
static void
take_alert(struct signal *s, json_t *alert, const struct format_input *in)
{
	json_t *labels = json_object_get(alert, "labels");
	msec began = document_time(json_object_get(alert, "startsAt"));
	msec ends = document_time(json_object_get(alert, "endsAt"));
	const char *name = json_string_value(json_object_get(labels, "alertname"));

	name_it(s, alert, began);
	s->act = is_over(alert, ends, in->now) ? SIGNAL_END : SIGNAL_ALERT;
	s->sent_at = s->act == SIGNAL_END ? ends : began;
	/* One to come (amtool's --end without a start) would be another with each sending. */
	s->onset_at = began <= in->now ? began : 0;
	signal_set(s, &s->kind, name, SIGNAL_NAME_MAX);
	s->severity = severity_of(json_string_value(json_object_get(labels, "severity")));
	take_labels(s, labels, "");
	take_texts(s, alert);
	take_labels(s, json_object_get(alert, "annotations"), "annotation_");
}

void
alerts_truncated(struct signal_post *out, json_t *whole)
{
	json_int_t left_out = json_integer_value(json_object_get(whole, "truncatedAlerts"));

	if (left_out <= 0 || out->problem)
		return;
	out->problem = xmalloc(sizeof(*out->problem));
	SAY(out->problem, signal_truncated, NUM(left_out));
}

int
alerts_read(struct signal_post *out, json_t *alerts, const struct format_input *in, alert_fn more, struct err *err)
{
	json_t *alert;
	struct said why;
	size_t i;

	if (!json_is_array(alerts))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), signals_no_list, "/alerts");
	json_array_foreach(alerts, i, alert) {
		struct signal *s = signal_post_add(out);

		if (!s)
			return err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), signals_too_many,
				       NUM(SIGNAL_POST_MAX));
		take_alert(s, alert, in);
		if (more)
			more(s, alert);
		if (json_object_size(json_object_get(alert, "labels")))
			continue;
		SAY(&why, signal_no_labels);
		signal_post_fault(out, &why);
	}
	return 0;
}

static void
put_coded(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", *text))
			buf_add(out, text, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}

/* One matcher of a silence, NAME="TEXT" with its quotes escaped. */
static void
put_matcher(struct buf *out, const char *name, const char *text)
{
	struct buf plain = { 0 };

	buf_printf(&plain, "%s%s=\"", out->len ? "," : "", name);
	for (; *text; text++) {
		buf_puts(&plain, *text == '"' || *text == '\\' ? "\\" : "");
		buf_add(&plain, text, 1);
	}
	buf_puts(&plain, "\"");
	put_coded(out, plain.data);
	buf_fini(&plain);
}

/* Where a person silences just this one: the form of its Alertmanager, filled in.  A link that has no room
 * is no link. */
static void
link_to_silence(struct signal *s, json_t *alert, const char *base)
{
	struct buf matchers = { 0 }, link = { 0 };
	const char *name;
	json_t *value;
	struct url url;

	if (!base || url_parse(&url, base) < 0 || url.user_len || strchr(base, '?') || s->act == SIGNAL_END)
		return;
	json_object_foreach(json_object_get(alert, "labels"), name, value)
		if (json_is_string(value))
			put_matcher(&matchers, name, json_string_value(value));
	buf_printf(&link, "%s%s#/silences/new?filter=%%7B%s%%7D", base, base[strlen(base) - 1] == '/' ? "" : "/",
		   matchers.data ? matchers.data : "");
	if (matchers.len && link.len <= SIGNAL_LABEL_MAX)
		signal_label(s, "silence_url", link.data);
	buf_fini(&matchers);
	buf_fini(&link);
}

int
format_alertmanager(struct signal_post *out, const struct format_input *in, struct err *err)
{
	json_t *whole = document_read(in, err);
	const char *base;
	int rc;

	if (!whole)
		return -1;
	base = json_string_value(json_object_get(whole, "externalURL"));
	rc = alerts_read(out, json_is_array(whole) ? whole : json_object_get(whole, "alerts"), in, NULL, err);
	for (size_t i = 0; i < out->count && rc == 0 && base; i++)
		link_to_silence(&out->signals[i], json_array_get(json_object_get(whole, "alerts"), i), base);
	alerts_truncated(out, whole);
	json_decref(whole);
	return rc;
}
