/* zabbix.c -- format `zabbix`: what gong's own media type for Zabbix posts (config/zabbix.xml), one event a
 * post, named by the problem's event id in all that is said of it.  A macro that Zabbix does not
 * know where it stands comes as its own name, {EVENT.VALUE}, and says nothing. */
#include <stdio.h>
#include <string.h>

#include "daemon/intake/formats/document.h"

static bool
is_unfilled(const char *text)
{
	size_t len = strlen(text);

	return !len || strcmp(text, "*UNKNOWN*") == 0 ||
	       (len > 2 && text[0] == '{' && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ$", text[1]) &&
		text[len - 1] == '}' && strcspn(text, " \"\n") == len);
}

/* As text; NULL: nothing was said. */
static const char *
filled(json_t *whole, const char *name, char room[DOCUMENT_TEXT])
{
	const char *text = document_text(json_object_get(whole, name), room);

	return text && !is_unfilled(text) ? text : NULL;
}

static bool
is(json_t *whole, const char *name, const char *text)
{
	char room[DOCUMENT_TEXT];
	const char *there = filled(whole, name, room);

	return there && strcmp(there, text) == 0;
}

/* The button Test of a media type fills in no macro.  Where some are and some are not (an action for
 * discovery or registration), nobody can tell what began. */
static void
take_act(struct signal_post *out, struct signal *s, json_t *whole)
{
	char room[DOCUMENT_TEXT];
	bool has_id = filled(whole, "event_id", room) != NULL, begins = is(whole, "event_value", "1");
	struct said why;

	if (!has_id && !filled(whole, "event_value", room)) {
		s->act = SIGNAL_TEST;
		s->mode = SIGNAL_MODE_TEST;
	} else if (!has_id || !(begins || is(whole, "event_value", "0"))) {
		SAY(&why, signal_macro_unfilled, has_id ? "{EVENT.VALUE}" : "{EVENT.ID}");
		signal_post_fault(out, &why);
	} else if (!begins || filled(whole, "event_recovery_id", room)) {
		s->act = SIGNAL_END;	/* also what somebody writes to a problem that is over */
	} else if (is(whole, "event_update", "1")) {
		s->act = SIGNAL_UPDATE;
	}
}

/* Zabbix 6.0, trigger severities: 0 not classified … 5 disaster. */
static int
severity_of(json_t *whole)
{
	static const char *const grades[SEVERITY_COUNT] = { "1", "2", "3", "4", "5" };

	for (int i = 0; i < SEVERITY_COUNT; i++)
		if (is(whole, "event_severity", grades[i]))
			return i;
	return -1;
}

/* [{"tag":"scope","value":"availability"}], as text in the document. */
static void
take_tags(struct signal *s, const char *text)
{
	json_t *tags = text ? json_loads(text, 0, NULL) : NULL, *tag;
	char name[SIGNAL_NAME_MAX + 1];
	size_t i;

	json_array_foreach(tags, i, tag) {
		const char *key = json_string_value(json_object_get(tag, "tag"));
		const char *value = json_string_value(json_object_get(tag, "value"));

		if (!key || !value)
			continue;
		snprintf(name, sizeof(name), "tag_%s", key);
		signal_label(s, name, value);
		if (strcmp(key, "kind") == 0)
			signal_set(s, &s->kind, value, SIGNAL_NAME_MAX);
	}
	json_decref(tags);
}

static void
take_event(struct signal *s, json_t *whole, msec now)
{
	static const char *const labels[] = { "host", "host_name", "trigger_id", "item_value", "update_user",
					      "update_action" };
	char room[DOCUMENT_TEXT];
	msec began = document_time(json_object_get(whole, "event_time"));

	signal_set(s, &s->ref, filled(whole, "event_id", room), SIGNAL_REF_MAX);
	s->severity = severity_of(whole);
	s->onset_at = began <= now ? began : 0;
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		signal_label(s, labels[i], filled(whole, labels[i], room));
	take_tags(s, filled(whole, "event_tags", room));
	signal_text_set(s, LANG_EN, "headline", filled(whole, "event_name", room));
	signal_text_set(s, LANG_EN, "description", filled(whole, "message", room));
}

int
format_zabbix(struct signal_post *out, const struct format_input *in, struct err *err)
{
	json_t *whole = document_read(in, err);
	struct signal *s;
	int rc = 0;

	if (!whole)
		return -1;
	if (json_object_get(whole, "event_id")) {
		s = signal_post_add(out);
		take_act(out, s, whole);
		take_event(s, whole, in->now);
	} else {
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), signal_no_zabbix);
	}
	json_decref(whole);
	return rc;
}
