/* keep.c -- what gong-mqtt asks gongd to keep: which session the broker has of us, and which of its
 * messages gongd has.  It stands in the books in the same commit as those messages. */
#include <string.h>

#include "drivers/mqtt/mqtt.h"

static json_t *
broker_json(const struct mqtt *m)
{
	return json_sprintf("%s:%lld", m->settings.host, (long long)m->settings.port);
}

static bool
is_wanted(const struct mqtt_settings *s, const char *filter)
{
	for (size_t i = 0; i < s->wanted_count; i++)
		if (strcmp(s->wanted[i], filter) == 0)
			return true;
	return false;
}

static bool
is_same_session(const struct mqtt *m)
{
	const char *client = json_string_value(json_object_get(m->kept, "client"));
	json_t *broker = broker_json(m);
	bool same = client && strcmp(client, m->client_id) == 0 &&
		    json_equal(broker, json_object_get(m->kept, "broker"));

	json_decref(broker);
	return same;
}

void
keep_read(struct mqtt *m, const char *state)
{
	struct session *s = &m->session;
	const char *seen;
	json_t *filter;
	size_t i;

	m->kept = state ? json_loads(state, 0, NULL) : NULL;
	if (!is_same_session(m))
		return;
	s->was_known = true;
	seen = json_string_value(json_object_get(m->kept, "seen"));
	seen_parse(&s->seen, seen ? seen : "");
	json_array_foreach(json_object_get(m->kept, "filters"), i, filter)
		if (json_is_string(filter) && s->stale_count < TOPICS_MAX &&
		    !is_wanted(&m->settings, json_string_value(filter)))
			s->stale[s->stale_count++] = json_string_value(filter);
}

static json_t *
filters_json(const struct mqtt_settings *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->wanted_count; i++)
		json_array_append_new(list, json_string(s->wanted[i]));
	return list;
}

bool
keep_is_new(const struct mqtt *m)
{
	json_t *filters = filters_json(&m->settings);
	bool same = is_same_session(m) && json_equal(filters, json_object_get(m->kept, "filters"));

	json_decref(filters);
	return !same;
}

char *
keep_text(const struct mqtt *m)
{
	char seen[SEEN_TEXT], *text;
	json_t *json;

	seen_format(&m->session.seen, seen);
	json = json_pack("{s:s,s:o,s:o,s:s}", "client", m->client_id, "broker", broker_json(m), "filters",
			 filters_json(&m->settings), "seen", seen);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}
