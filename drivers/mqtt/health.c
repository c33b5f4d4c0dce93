/* health.c -- what gongd is told of the broker: are we subscribed, since when not, and why; and the alarms
 * that follow.  A broker that is there says nothing about those who publish to it: that a gauge lives is
 * the source's heartbeat. */
#include "drivers/mqtt/mqtt.h"

#define AWAY_ALARM_MS SECONDS(60)	/* a broker that is started anew is back by then */
#define LOST_ALARM_MS HOURS(1)		/* nothing mends it; by then somebody has looked, or the next values came */

static bool
is_alarming(const struct session *s)
{
	return s->away_at && (s->is_denied || session_now() - s->away_at >= AWAY_ALARM_MS);
}

static void
add_alarms(json_t *alarms, const struct mqtt *m)
{
	const struct session *s = &m->session;

	if (is_alarming(s))
		kit_alarm(alarms, "broker", mqtt_no_broker, m->settings.host, s->reason);
	if (s->lost_at && session_now() - s->lost_at < LOST_ALARM_MS)
		kit_alarm(alarms, "session", mqtt_session_lost, m->settings.host);
	if (s->phase == SESSION_UP && s->refused >= 0)
		kit_alarm(alarms, "topic", mqtt_topic_refused, m->settings.wanted[s->refused]);
}

static void
set_count(json_t *event, const char *name, unsigned long long count)
{
	if (count)
		json_object_set_new(event, name, json_integer((json_int_t)count));
}

void
health_tell(struct mqtt *m)
{
	const struct session *s = &m->session;
	bool ok = s->phase == SESSION_UP && s->refused < 0;
	json_t *event = json_pack("{s:s,s:b}", "ev", "health", "ok", ok), *alarms = json_array();

	if (s->phase != SESSION_UP && s->reason[0])
		json_object_set_new(event, "note", json_string(ENGLISH(s->reason)));
	else if (s->phase != SESSION_UP)
		json_object_set_new(event, "note", json_string("not connected yet"));
	else if (s->sessions_lost)
		json_object_set_new(event, "note", json_string("the broker has forgotten our session: what was "
			"published while nobody was connected may be lost"));
	set_count(event, "received", s->received);
	set_count(event, "said_again", s->again);
	set_count(event, "sessions_lost", s->sessions_lost);
	set_count(event, "unwanted", s->unwanted);
	set_count(event, "empty", m->empty);
	set_count(event, "too_long", m->too_long);
	add_alarms(alarms, m);
	if (json_array_size(alarms))
		json_object_set(event, "alarms", alarms);
	json_decref(alarms);
	kit_event(m->kit, event);
}
