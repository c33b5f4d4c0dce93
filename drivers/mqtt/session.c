/* session.c -- what stands in session.h.  Every way out of a phase is in one of two functions: on_packet
 * for what the broker says, on_timer for what it does not. */
#include "drivers/mqtt/session.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/pace.h"
#include "drivers/mqtt/topic.h"

#define ANSWER_MS SECONDS(20)		/* for a connection, a greeting, a subscription */
#define RETRY_MS SECONDS(1)
#define RETRY_MAX_MS SECONDS(60)
#define LEAVE_MS SECONDS(1)		/* for what still has to go out */
#define STEADY_MS SECONDS(10)		/* a connection so long was one */
/* An event must be less than 1 MiB as JSON, where each byte of a text that is quoted twice is four at
 * worst, and a topic stands three times. */
#define BATCH_BYTES 131072
#define TOPIC_WEIGHT 4
#define OUSTED 3			/* connections in a row that did not stand */
#define SUBSCRIBE_ID 1			/* packet ids of ours; nothing else of ours has one */
#define UNSUBSCRIBE_ID 2

msec
session_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
timer_in(struct session *s, msec wait_ms)
{
	event_add(&s->timer, &(struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 });
}

static void
enter(struct session *s, enum session_phase phase)
{
	bool changes = s->phase != phase;

	s->phase = phase;
	if (changes)
		s->ops->changed(s->ctx);
}

/* The next attempt comes later the more have failed; one that stood for a while was none. */
static void
end(struct session *s, const char *reason)
{
	msec now = session_now(), wait_ms;

	link_close(s->link);
	s->failures++;
	if (!s->away_at)
		s->away_at = now;
	snprintf(s->reason, sizeof(s->reason), "%s", s->phase == SESSION_UP && s->failures >= OUSTED
		 ? SAID(mqtt_ousted, reason, s->client_id) : reason);
	s->flight = (struct flight){ 0 };	/* it is all said again */
	s->is_held = s->in_batch = false;
	s->skip = 0;
	wait_ms = pace_jitter_ms(pace_backoff_ms(RETRY_MS, RETRY_MAX_MS, s->failures), (uint64_t)now);
	timer_in(s, wait_ms);
	s->phase = SESSION_AWAY;
	s->ops->changed(s->ctx);
}

static void
greet(struct session *s)
{
	packet_connect(&s->out, &(struct packet_connect){ .client_id = s->client_id,
		       .username = s->settings->username, .password = s->settings->password,
		       .keepalive_s = (uint16_t)(s->settings->keepalive_ms / 1000) });
	link_write(s->link, &s->out);
	timer_in(s, ANSWER_MS);
	enter(s, SESSION_GREETING);
}

static void
on_up(void *ctx)
{
	greet(ctx);
}

static void
on_drained(void *ctx)
{
	struct session *s = ctx;

	event_del(&s->timer);
	s->ops->left(s->ctx);
}

static void
on_down(void *ctx, const char *reason)
{
	struct session *s = ctx;

	if (s->phase == SESSION_LEAVING)
		on_drained(s);
	else
		end(s, reason);
}

/* What it has not said in time. */
static void
end_silent(struct session *s)
{
	const char *seconds = NUM(ANSWER_MS / 1000);

	switch (s->phase) {
	case SESSION_AWAY:
	case SESSION_LEAVING:
		break;
	case SESSION_CONNECTING:
		end(s, SAID(mqtt_silent_connect, seconds));
		break;
	case SESSION_GREETING:
		end(s, SAID(mqtt_silent_greeting, seconds));
		break;
	case SESSION_SUBSCRIBING:
		end(s, SAID(mqtt_silent_subscription, seconds));
		break;
	case SESSION_UP:
		end(s, WORD(mqtt_silent));
		break;
	}
}

/* While nothing is read, an answer to a ping lies unread, too: then silence is our own. */
static void
keep_alive(struct session *s)
{
	if (!s->was_heard && !s->is_held) {
		end_silent(s);
		return;
	}
	if (s->away_at) {		/* it has stood for a while */
		s->away_at = 0;
		s->failures = 0;
		s->ops->changed(s->ctx);
	}
	s->was_heard = false;
	packet_pingreq(&s->out);
	link_write(s->link, &s->out);
	timer_in(s, s->settings->keepalive_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;

	if (s->phase == SESSION_LEAVING) {
		on_drained(s);
	} else if (s->phase == SESSION_SUBSCRIBING && s->is_held) {
		timer_in(s, ANSWER_MS);	/* its answer lies behind what we do not read */
	} else if (s->phase == SESSION_UP) {
		keep_alive(s);
	} else if (s->phase != SESSION_AWAY) {
		end_silent(s);
	} else {
		timer_in(s, ANSWER_MS);
		s->phase = SESSION_CONNECTING;
		link_open(s->link);
	}
}

/* -- what the broker says -- */

static const char *
refusal(uint8_t code)
{
	switch (code) {
	case CONNACK_BAD_VERSION:
		return WORD(mqtt_bad_version);
	case CONNACK_BAD_CLIENT_ID:
		return WORD(mqtt_bad_client_id);
	case CONNACK_UNAVAILABLE:
		return WORD(mqtt_unavailable);
	case CONNACK_BAD_PASSWORD:
		return WORD(mqtt_bad_password);
	case CONNACK_NOT_ALLOWED:
		return WORD(mqtt_not_allowed);
	}
	return WORD(mqtt_unknown_refusal);
}

static void
subscribe(struct session *s)
{
	s->waits_unsubscribe = s->stale_count > 0;
	if (s->stale_count)
		packet_unsubscribe(&s->out, UNSUBSCRIBE_ID, s->stale, s->stale_count);
	packet_subscribe(&s->out, SUBSCRIBE_ID, s->settings->wanted, s->settings->wanted_count);
	link_write(s->link, &s->out);
	timer_in(s, ANSWER_MS);
	enter(s, SESSION_SUBSCRIBING);
}

/* Also where the session is still there: a filter may be new.  What is kept under a topic comes again
 * with that, marked as kept. */
static bool
on_connack(struct session *s, const struct packet *p, const uint8_t *body)
{
	bool present;
	uint8_t code;

	if (s->phase != SESSION_GREETING || packet_connack_read(&present, &code, p, body) < 0)
		return false;
	if (code != CONNACK_ACCEPTED) {
		s->is_denied = true;
		end(s, refusal(code));
		return true;
	}
	s->is_denied = false;
	if (!present && s->was_known) {
		s->sessions_lost++;
		s->lost_at = session_now();
	}
	if (!present)
		s->stale_count = 0;
	subscribe(s);
	return true;
}

static bool
on_subscribed(struct session *s, const struct packet *p, const uint8_t *body)
{
	uint16_t id;

	if (s->phase != SESSION_SUBSCRIBING)
		return false;
	if (p->type == PACKET_UNSUBACK) {
		if (!s->waits_unsubscribe || packet_unsuback_read(&id, p, body) < 0 || id != UNSUBSCRIBE_ID)
			return false;
		s->waits_unsubscribe = false;
		s->stale_count = 0;
		return true;
	}
	if (packet_suback_read(&id, &s->refused, s->settings->wanted_count, p, body) < 0 || id != SUBSCRIBE_ID)
		return false;
	s->was_known = s->was_heard = true;
	timer_in(s, msec_min(STEADY_MS, s->settings->keepalive_ms));
	enter(s, SESSION_UP);
	return true;
}

/* -- what is published -- */

static void
took(struct session *s, uint64_t event)
{
	if (s->told == event)
		s->told = 0;
	seen_took(&s->seen, event);
	flight_took(&s->flight, event);
}

static void
end_batch(struct session *s)
{
	if (!s->in_batch)
		return;
	s->in_batch = false;
	s->told = s->event;
	if (!s->ops->batch(s->ctx, s->event, s->batch_is_kept))
		took(s, s->event);
}

/* false: not before gongd has the one that was told.  Were two on their way, and the later one in the books
 * before the earlier, what is kept with it would say that the earlier is there, too. */
static bool
join_batch(struct session *s, bool kept, size_t bytes)
{
	if (s->in_batch && (s->batch_is_kept != kept || s->batch_bytes + bytes > BATCH_BYTES))
		end_batch(s);
	if (s->told)
		return false;
	if (!s->in_batch) {
		s->event++;
		s->batch_bytes = 0;
	}
	s->in_batch = true;
	s->batch_is_kept = kept;
	s->batch_bytes += bytes;
	return true;
}

static bool
is_wanted(const struct session *s, const struct packet_publish *publish)
{
	struct topic_part parts[TOPIC_PARTS_MAX];

	for (size_t i = 0; i < s->settings->wanted_count; i++)
		if (topic_match(s->settings->wanted[i], publish->topic, publish->topic_len, parts) >= 0)
			return true;
	return false;
}

/* It is acknowledged with those before it. */
static void
pass_by(struct session *s, const struct packet_publish *publish)
{
	flight_add(&s->flight, publish->id, FLIGHT_TAKEN);
}

/* What no filter fits was subscribed to by a gong of before: it is nobody's, and must not stay in the
 * way at the broker.  What is said again may still be on its way to gongd's disk: then it waits for
 * that event.  false: not now. */
static bool
take_publish(struct session *s, const struct packet_publish *publish, const char *payload, size_t len)
{
	uint32_t digest = seen_digest(publish->topic, publish->topic_len, payload, len);
	const struct seen_one *before = publish->dup ? seen_find(&s->seen, publish->id, digest) : NULL;

	if (before) {
		s->again++;
		flight_add(&s->flight, publish->id, before->event);
		return true;
	}
	if (!is_wanted(s, publish)) {
		s->unwanted++;
		pass_by(s, publish);
		return true;
	}
	if (!join_batch(s, publish->retain, TOPIC_WEIGHT * publish->topic_len + len))
		return false;
	s->received++;
	if (!s->ops->message(s->ctx, publish, payload, len)) {
		pass_by(s, publish);
		return true;
	}
	flight_add(&s->flight, publish->id, s->event);
	if (publish->id)
		seen_add(&s->seen, publish->id, digest, s->event);
	return true;
}

/* -1: no broker speaks so; 0: something must come first; else so many bytes are done with.  Of a payload
 * that is too long only the beginning is looked at. */
static ssize_t
on_publish(struct session *s, const struct packet *p, struct evbuffer *in)
{
	size_t have = evbuffer_get_length(in) - p->head, most = PACKET_TEXT_MAX + 4 + (size_t)s->settings->bytes_max;
	size_t body = p->body < have ? p->body : have, len;
	struct packet_publish publish;
	const uint8_t *bytes;
	int rc;

	if (s->phase != SESSION_SUBSCRIBING && s->phase != SESSION_UP)
		return -1;
	if (body < p->body && body < most)
		return 0;		/* it will fit */
	bytes = evbuffer_pullup(in, (ssize_t)(p->head + body));
	rc = packet_publish_read(&publish, p, bytes + p->head, body);
	if (rc <= 0)
		return rc;
	len = body - publish.at;
	if (len > (size_t)s->settings->bytes_max)
		len = (size_t)s->settings->bytes_max;
	s->is_blocked = !take_publish(s, &publish, (const char *)bytes + p->head + publish.at, len);
	if (s->is_blocked)
		return 0;
	s->skip = p->body - body;
	return (ssize_t)(p->head + body);
}

/* All but a publish, whole.  false: no broker speaks so. */
static bool
on_packet(struct session *s, const struct packet *p, const uint8_t *body)
{
	switch (p->type) {
	case PACKET_CONNACK:
		return on_connack(s, p, body);
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		return on_subscribed(s, p, body);
	case PACKET_PINGRESP:
		return true;
	case PACKET_PUBLISH:
	case PACKET_CONNECT:
	case PACKET_PUBACK:
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
	case PACKET_PINGREQ:
	case PACKET_DISCONNECT:
		break;
	}
	return false;
}

#define ANSWER_BYTES 64			/* of anything but a publish: 16 filters at most */

static ssize_t
read_packet(struct session *s, struct evbuffer *in)
{
	size_t have = evbuffer_get_length(in);
	uint8_t bytes[ANSWER_BYTES];
	struct packet p;
	int rc;

	rc = packet_read(&p, bytes, (size_t)evbuffer_copyout(in, bytes, sizeof(bytes)));
	if (rc <= 0)
		return rc;
	if (p.type == PACKET_PUBLISH)
		return on_publish(s, &p, in);
	if (p.head + p.body > sizeof(bytes))
		return -1;
	if (p.head + p.body > have)
		return 0;
	return on_packet(s, &p, bytes + p.head) ? (ssize_t)(p.head + p.body) : -1;
}

static void
skip(struct session *s, struct evbuffer *in)
{
	size_t have = evbuffer_get_length(in), n = s->skip < have ? s->skip : have;

	evbuffer_drain(in, n);
	s->skip -= n;
}

static void
hold(struct session *s, bool held)
{
	if (s->is_held == held)
		return;
	s->is_held = held;
	if (!held)
		s->was_heard = true;	/* what it said meanwhile is still unread */
	link_hold(s->link, held);
}

static void
acknowledge(struct session *s)
{
	int id;

	while ((id = flight_next(&s->flight)) > 0)
		packet_puback(&s->out, (uint16_t)id);
	link_write(s->link, &s->out);
}

static void
on_read(void *ctx)
{
	struct session *s = ctx;
	struct evbuffer *in;
	ssize_t n = 1;

	s->was_heard = true;
	s->is_blocked = false;
	while (n > 0 && (in = link_input(s->link)) && evbuffer_get_length(in)) {
		if (s->skip) {
			skip(s, in);
			continue;
		}
		if (flight_is_full(&s->flight))
			break;
		n = read_packet(s, in);
		if (n > 0 && link_input(s->link) == in)
			evbuffer_drain(in, (size_t)n);
	}
	if (n < 0) {
		end_batch(s);
		end(s, WORD(mqtt_nonsense));
		return;
	}
	end_batch(s);
	acknowledge(s);			/* what was passed by */
	hold(s, s->is_blocked || flight_is_full(&s->flight));
}

void
session_took(struct session *s, uint64_t event)
{
	took(s, event);
	acknowledge(s);
	hold(s, false);
	on_read(s);			/* what came meanwhile */
}

int
session_open(struct session *s, struct event_base *base, struct err *err)
{
	static const struct link_ops ops = { .up = on_up, .read = on_read, .down = on_down,
					     .drained = on_drained };

	if (link_new(&s->link, base, s->settings, &ops, s, err) < 0)
		return -1;
	s->refused = -1;
	s->away_at = session_now();
	event_assign(&s->timer, base, -1, 0, on_timer, s);
	timer_in(s, 0);
	return 0;
}

void
session_leave(struct session *s)
{
	bool is_there = s->phase == SESSION_SUBSCRIBING || s->phase == SESSION_UP;

	s->phase = SESSION_LEAVING;
	timer_in(s, is_there ? LEAVE_MS : 0);
	if (!is_there)
		return;
	packet_disconnect(&s->out);
	link_write(s->link, &s->out);
	link_drain(s->link);
}

void
session_close(struct session *s)
{
	event_del(&s->timer);
	link_free(s->link);
	s->link = NULL;
	buf_fini(&s->out);
}
