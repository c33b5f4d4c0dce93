/* packet.c -- what stands in packet.h; it refuses what the standard forbids a server, and guesses nothing. */
#include "drivers/mqtt/packet.h"

#include <assert.h>
#include <string.h>

#include "core/segment.h"

#define CLEAN_SESSION 0x02		/* 3.1.2.3 */
#define HAS_PASSWORD 0x40
#define HAS_USERNAME 0x80
#define SUBACK_REFUSED 0x80		/* 3.9.3 */

static void
put_16(struct buf *out, size_t n)
{
	uint8_t bytes[2] = { (uint8_t)(n >> 8), (uint8_t)n };

	buf_add(out, bytes, sizeof(bytes));
}

static uint16_t
get_16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void
put_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	assert(len <= PACKET_TEXT_MAX);
	put_16(out, len);
	buf_add(out, text, len);
}

/* `flags`: 2 where the standard wants it so (3.8.1, 3.10.1). */
static void
put_packet(struct buf *out, enum packet_type type, uint8_t flags, const struct buf *body)
{
	uint8_t byte = (uint8_t)(type << 4 | flags);
	size_t left = body ? body->len : 0;

	assert(left <= PACKET_BODY_MAX);
	buf_add(out, &byte, 1);
	do {
		byte = left & 0x7f;
		left >>= 7;
		if (left)
			byte |= 0x80;
		buf_add(out, &byte, 1);
	} while (left);
	if (body && body->len)
		buf_add(out, body->data, body->len);
}

void
packet_connect(struct buf *out, const struct packet_connect *c)
{
	uint8_t flags[2] = { 4 };		/* protocol level; 3.1.2.2 */
	struct buf body = { 0 };

	assert(c->username || !c->password);
	flags[1] = (c->clean ? CLEAN_SESSION : 0) | (c->username ? HAS_USERNAME : 0) |
		   (c->password ? HAS_PASSWORD : 0);
	put_text(&body, "MQTT");
	buf_add(&body, flags, sizeof(flags));
	put_16(&body, c->keepalive_s);
	put_text(&body, c->client_id);
	if (c->username)
		put_text(&body, c->username);
	if (c->password)
		put_text(&body, c->password);
	put_packet(out, PACKET_CONNECT, 0, &body);
	buf_fini(&body);
}

static void
put_filters(struct buf *out, enum packet_type type, uint16_t id, const char *const *filters, size_t count)
{
	struct buf body = { 0 };

	put_16(&body, id);
	for (size_t i = 0; i < count; i++) {
		put_text(&body, filters[i]);
		if (type == PACKET_SUBSCRIBE)
			buf_add(&body, "\1", 1);	/* QoS */
	}
	put_packet(out, type, 2, &body);
	buf_fini(&body);
}

void
packet_subscribe(struct buf *out, uint16_t id, const char *const *filters, size_t count)
{
	put_filters(out, PACKET_SUBSCRIBE, id, filters, count);
}

void
packet_unsubscribe(struct buf *out, uint16_t id, const char *const *filters, size_t count)
{
	put_filters(out, PACKET_UNSUBSCRIBE, id, filters, count);
}

void
packet_puback(struct buf *out, uint16_t id)
{
	struct buf body = { 0 };

	put_16(&body, id);
	put_packet(out, PACKET_PUBACK, 0, &body);
	buf_fini(&body);
}

void
packet_pingreq(struct buf *out)
{
	put_packet(out, PACKET_PINGREQ, 0, NULL);
}

void
packet_disconnect(struct buf *out)
{
	put_packet(out, PACKET_DISCONNECT, 0, NULL);
}

/* 2.2.3: at most four bytes, seven bits in each. */
static int
read_length(struct packet *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < 4; i++) {
		if (i + 1 >= len)
			return 0;
		out->body |= (size_t)(bytes[i + 1] & 0x7f) << (7 * i);
		if (bytes[i + 1] & 0x80)
			continue;
		out->head = i + 2;
		return 1;
	}
	return -1;
}

/* What a server may send to one who never publishes; 2.2.2 has the flags, section 3 the lengths. */
static bool
is_servers(const struct packet *p)
{
	switch (p->type) {
	case PACKET_CONNACK:
	case PACKET_UNSUBACK:
		return p->flags == 0 && p->body == 2;
	case PACKET_SUBACK:
		return p->flags == 0 && p->body >= 3;
	case PACKET_PINGRESP:
		return p->flags == 0 && p->body == 0;
	case PACKET_PUBLISH:		/* we subscribe with QoS 1: there is no 2 (3.8.4) */
		return (p->flags >> 1 & 3) < 2 && p->body >= 3;
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

int
packet_read(struct packet *out, const uint8_t *bytes, size_t len)
{
	int rc;

	*out = (struct packet){ 0 };
	if (!len)
		return 0;
	out->type = bytes[0] >> 4;
	out->flags = bytes[0] & 15;
	rc = read_length(out, bytes, len);
	if (rc <= 0)
		return rc;
	return is_servers(out) ? 1 : -1;
}

/* 3.3.2.1; 1.5.3: without NUL. */
static bool
is_topic(const char *topic, size_t len)
{
	return len && !memchr(topic, '\0', len) && !memchr(topic, '+', len) && !memchr(topic, '#', len) &&
	       utf8_check(topic, len, NULL) == 0;
}

int
packet_publish_read(struct packet_publish *out, const struct packet *p, const uint8_t *body, size_t len)
{
	size_t topic_len, at;

	assert(p->type == PACKET_PUBLISH && len <= p->body);
	*out = (struct packet_publish){ .qos = p->flags >> 1 & 3, .dup = p->flags & 8,
					.retain = p->flags & 1 };
	if (len < 2)
		return 0;
	topic_len = get_16(body);
	at = 2 + topic_len + (out->qos ? 2 : 0);
	if (at > p->body)
		return -1;
	if (at > len)
		return 0;
	out->topic = (const char *)body + 2;
	out->topic_len = topic_len;
	out->id = out->qos ? get_16(body + 2 + topic_len) : 0;
	out->at = at;
	out->payload_len = p->body - at;
	if (!is_topic(out->topic, topic_len) || (out->qos && !out->id) || (out->dup && !out->qos))
		return -1;		/* 2.3.1, 3.3.1.1 */
	return 1;
}

int
packet_connack_read(bool *session_present, uint8_t *code, const struct packet *p, const uint8_t *body)
{
	assert(p->type == PACKET_CONNACK);
	*session_present = body[0] & 1;
	*code = body[1];
	return body[0] > 1 || (body[1] && body[0]) ? -1 : 0;	/* 3.2.2.1, 3.2.2.2 */
}

int
packet_suback_read(uint16_t *id, int *refused, size_t count, const struct packet *p, const uint8_t *body)
{
	assert(p->type == PACKET_SUBACK);
	*id = get_16(body);
	*refused = -1;
	if (p->body != 2 + count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		uint8_t code = body[2 + i];

		if (code > 1 && code != SUBACK_REFUSED)	/* more than was asked for: 3.9.3 */
			return -1;
		/* QoS 0 instead of 1 would lose what comes while nobody listens: as good as refused. */
		if (code != 1 && *refused < 0)
			*refused = (int)i;
	}
	return 0;
}

int
packet_unsuback_read(uint16_t *id, const struct packet *p, const uint8_t *body)
{
	assert(p->type == PACKET_UNSUBACK);
	*id = get_16(body);
	return *id ? 0 : -1;
}
