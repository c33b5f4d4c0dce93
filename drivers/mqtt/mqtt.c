/* mqtt.c -- gong-mqtt: subscribes to a broker for a source of gong; one process a source, one thread.
 * What gongd says comes in here, and what the broker says goes out. */
#include "drivers/mqtt/mqtt.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "files/read.h"

#define EVENT_ID 24

static void
event_name(char out[EVENT_ID], uint64_t event)
{
	snprintf(out, EVENT_ID, "m%" PRIu64, event);
}

static bool
on_message(void *ctx, const struct packet_publish *publish, const char *payload, size_t len)
{
	struct mqtt *m = ctx;
	json_t *document = document_of(&m->settings, publish, payload, len);

	m->too_long += len < publish->payload_len;
	if (!document) {
		m->empty++;
		return false;
	}
	if (!m->documents)
		m->documents = json_array();
	json_array_append_new(m->documents, document);
	return true;
}

/* What the broker kept under a topic is how things stand, not something that happens now: `first`. */
static bool
on_batch(void *ctx, uint64_t event, bool kept)
{
	struct mqtt *m = ctx;
	char id[EVENT_ID], *keep;
	bool told;

	if (!m->documents)
		return false;
	event_name(id, event);
	keep = keep_text(m);
	told = kit_signal(m->kit, id, kept, keep, m->documents);
	if (!told)
		kit_log("event does not fit into a line, and is lost event=%s", id);
	m->documents = NULL;
	free(keep);
	return told;
}

static void
log_phase(struct mqtt *m)
{
	const struct session *s = &m->session;

	if (s->sessions_lost != m->losses_logged)
		kit_log("broker has forgotten our session host=%s", m->settings.host);
	m->losses_logged = s->sessions_lost;
	if (s->phase == SESSION_UP && s->failures)
		kit_log("broker is there again host=%s", m->settings.host);
	else if (s->phase == SESSION_UP)
		kit_log("subscribed host=%s topics=%zu", m->settings.host, m->settings.wanted_count);
	else if (s->phase == SESSION_AWAY && s->failures <= 1)
		kit_log("no broker host=%s reason=\"%s\"", m->settings.host, ENGLISH(s->reason));
}

static void
on_changed(void *ctx)
{
	struct mqtt *m = ctx;
	char *keep;

	log_phase(m);
	if (m->session.phase == SESSION_UP && keep_is_new(m) && !m->session.told) {
		keep = keep_text(m);
		kit_beat(m->kit, keep);
		json_decref(m->kept);
		m->kept = json_loads(keep, 0, NULL);
		free(keep);
	}
	if (m->session.phase == SESSION_UP || m->session.phase == SESSION_AWAY)
		health_tell(m);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	health_tell(ctx);
}

static void
on_left(void *ctx)
{
	struct mqtt *m = ctx;

	event_del(&m->minute);
	session_close(&m->session);
	json_decref(m->documents);
	json_decref(m->kept);
	json_decref(m->config);
	kit_exit(m->kit);
}

/* -- what gongd says -- */

/* The same on every start of this source on this machine, and no other gong's: two clients of one id
 * throw each other out for ever. */
static void
make_client_id(struct mqtt *m, const char *source)
{
	unsigned char digest[32] = { 0 };
	struct buf from = { 0 };
	struct err err;
	char *machine;

	if (m->settings.client_id) {
		snprintf(m->client_id, sizeof(m->client_id), "%s", m->settings.client_id);
		return;
	}
	machine = file_read("/etc/machine-id", FILE_SECRET_MAX, NULL, &err);
	buf_printf(&from, "%s/%s", machine ? machine : "", source);
	EVP_Digest(from.data, from.len, digest, NULL, EVP_sha256(), NULL);
	snprintf(m->client_id, sizeof(m->client_id), "gong%02x%02x%02x%02x%02x%02x%02x%02x", digest[0], digest[1],
		 digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
	buf_fini(&from);
	free(machine);
}

/* Whatever can be wrong before anybody is connected to. */
static int
prepare(struct mqtt *m, const char *source, json_t *config, struct err *err)
{
	static const struct session_ops ops = { .message = on_message, .batch = on_batch, .changed = on_changed,
						.left = on_left };

	m->config = json_incref(config);
	if (mqtt_settings_parse(&m->settings, m->config, err) < 0)
		return -1;
	make_client_id(m, source);
	m->session = (struct session){ .settings = &m->settings, .ops = &ops, .ctx = m,
				       .client_id = m->client_id };
	return 0;
}

static void
mqtt_open(struct kit *k, const char *source, json_t *config, const char *state)
{
	struct mqtt *m = kit_self(k);
	struct err err = { 0 };

	if (m->is_open) {
		kit_log("second open ignored");
		return;
	}
	m->kit = k;
	if (prepare(m, source ? source : "", config, &err) < 0)
		kit_fatal(k, NEST(&err.said), false);
	keep_read(m, state);
	if (session_open(&m->session, kit_base(k), &err) < 0)
		kit_fatal(k, NEST(&err.said), false);
	confined_to_broker(m);
	if (m->settings.password && !m->settings.tls)
		kit_log("warning: the password travels unencrypted host=%s", m->settings.host);
	event_assign(&m->minute, kit_base(k), -1, EV_PERSIST, on_minute, m);
	event_add(&m->minute, &(struct timeval){ 60, 0 });
	m->is_open = true;
	kit_ready_to_fetch(k);
}

/* Instead of an open: would it begin? */
static void
mqtt_check(struct kit *k, json_t *op)
{
	struct mqtt *m = kit_self(k);
	struct err err = { 0 };

	m->kit = k;
	if (prepare(m, json_string_value(json_object_get(op, "source")), json_object_get(op, "config"), &err) < 0 ||
	    session_open(&m->session, kit_base(k), &err) < 0)
		kit_fatal(k, NEST(&err.said), false);
	session_close(&m->session);
	kit_checked(k, json_array());
}

static void
mqtt_signalled(struct kit *k, const char *id, json_t *signals)
{
	struct mqtt *m = kit_self(k);
	int64_t event;

	if (m->is_open && *id == 'm' && whole_parse(&event, id + 1, 1, INT64_MAX) == 0)
		session_took(&m->session, (uint64_t)event);
}

/* The broker keeps our session, and says again what gongd has not taken. */
static void
mqtt_close(struct kit *k, msec grace_ms)
{
	struct mqtt *m = kit_self(k);

	if (!m->is_open) {
		kit_exit(k);
		return;
	}
	m->is_open = false;
	session_leave(&m->session);
}

int
main(void)
{
	static const struct kit_driver driver = {
		.open = mqtt_open, .signalled = mqtt_signalled, .check = mqtt_check, .close = mqtt_close,
	};
	struct mqtt m = { 0 };

	return kit_main(&driver, &m);
}
