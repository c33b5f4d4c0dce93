/* grafana.c -- format `grafana`: the webhook of Grafana's contact points (its documentation: webhook
 * notifier), which is Alertmanager's with values beside, and the one of its notification channels
 * until version 10, one rule a post.  What its button Test sends is a test. */
#include <stdio.h>
#include <string.h>

#include "core/url.h"
#include "daemon/intake/formats/alerts.h"
#include "daemon/intake/formats/document.h"

static bool
is(json_t *json, const char *key, const char *text)
{
	const char *there = json_string_value(json_object_get(json, key));

	return there && strcmp(there, text) == 0;
}

/* Both names are free for a rule to have, but every alert of a rule links to that rule: none of
 * them is ever taken for a test. */
static bool
is_test(json_t *alert)
{
	json_t *labels = json_object_get(alert, "labels");
	const char *link = json_string_value(json_object_get(alert, "generatorURL"));

	return is(labels, "alertname", "TestAlert") && is(labels, "instance", "Grafana") &&
	       !(link && strstr(link, "/alerting/grafana/"));
}

static void
mean_test(struct signal *s)
{
	s->act = SIGNAL_TEST;
	s->mode = SIGNAL_MODE_TEST;
}

/* `values` are those of the rule's queries and expressions, by their letters. */
static void
take_more(struct signal *s, json_t *alert)
{
	char name[SIGNAL_NAME_MAX + 1], room[DOCUMENT_TEXT];
	const char *key, *link = json_string_value(json_object_get(alert, "silenceURL"));
	json_t *value;
	struct url url;

	json_object_foreach(json_object_get(alert, "values"), key, value) {
		snprintf(name, sizeof(name), "value_%s", key);
		signal_label(s, name, document_text(value, room));
	}
	signal_label(s, "values", json_string_value(json_object_get(alert, "valueString")));
	if (link && url_parse(&url, link) == 0 && strlen(link) <= SIGNAL_LABEL_MAX && s->act != SIGNAL_END)
		signal_label(s, "silence_url", link);
	if (is_test(alert))
		mean_test(s);
}

/* -- notification channels: no instant, no label, the state of one rule -- */

static void
take_state(struct signal_post *out, struct signal *s, json_t *whole)
{
	const char *state = json_string_value(json_object_get(whole, "state"));
	struct said why;

	if (is(whole, "ruleName", "Test notification") &&
	    is(whole, "message", "Someone is testing the alert notification within Grafana.")) {
		mean_test(s);
	} else if (state && strcmp(state, "ok") == 0) {
		s->act = SIGNAL_END;
	} else if (!state || (strcmp(state, "alerting") != 0 && strcmp(state, "no_data") != 0)) {
		SAY(&why, signal_state_unknown, QUOTE(state ? state : ""));
		signal_post_fault(out, &why);
	}
}

static void
take_rule(struct signal_post *out, json_t *whole)
{
	static const char *const labels[][2] = { { "state", "state" }, { "ruleUrl", "rule_url" } };
	struct signal *s = signal_post_add(out);
	char room[DOCUMENT_TEXT], org[DOCUMENT_TEXT], name[SIGNAL_NAME_MAX + 1], ref[SIGNAL_REF_MAX + 1];
	const char *id = document_text(json_object_get(whole, "ruleId"), room);
	const char *of = document_text(json_object_get(whole, "orgId"), org);
	json_t *value;
	const char *key;
	size_t i;

	take_state(out, s, whole);
	if (id) {
		snprintf(ref, sizeof(ref), "%.60s/%.60s", of ? of : "1", id);
		signal_set(s, &s->ref, ref, SIGNAL_REF_MAX);
	}
	signal_set(s, &s->kind, json_string_value(json_object_get(whole, "ruleName")), SIGNAL_NAME_MAX);
	signal_text_set(s, LANG_EN, "headline", json_string_value(json_object_get(whole, "title")));
	signal_text_set(s, LANG_EN, "description", json_string_value(json_object_get(whole, "message")));
	for (i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		signal_label(s, labels[i][1], json_string_value(json_object_get(whole, labels[i][0])));
	json_object_foreach(json_object_get(whole, "tags"), key, value)
		signal_label(s, key, document_text(value, room));
	json_array_foreach(json_object_get(whole, "evalMatches"), i, value) {
		key = json_string_value(json_object_get(value, "metric"));
		snprintf(name, sizeof(name), "value_%s", key ? key : "");
		signal_label(s, name, document_text(json_object_get(value, "value"), room));
	}
}

int
format_grafana(struct signal_post *out, const struct format_input *in, struct err *err)
{
	json_t *whole = document_read(in, err);
	int rc = 0;

	if (!whole)
		return -1;
	if (!json_object_get(whole, "alerts") && json_object_get(whole, "ruleName"))
		take_rule(out, whole);
	else
		rc = alerts_read(out, json_object_get(whole, "alerts"), in, take_more, err);
	alerts_truncated(out, whole);
	json_decref(whole);
	return rc;
}
