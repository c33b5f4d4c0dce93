/* packet.h -- MQTT 3.1.1 as a client that only subscribes needs it: control packets to bytes and back
 * (OASIS Standard, 29 October 2014; section numbers beside).  Pure: no clock, no socket; a reader looks
 * at what has come so far and keeps nothing of it.
 *
 * Why not a library: libmosquitto 2.0 acknowledges a message while its callback still runs, and libpaho
 * 1.3 either waits inside the callback, one message at a time, or acknowledges in spite of its refusal
 * (measured).  What gongd has on disk is acknowledged here, and nothing before. */
#ifndef GONG_MQTT_PACKET_H
#define GONG_MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#define PACKET_BODY_MAX 268435455	/* 2.2.3, remaining length */
#define PACKET_TEXT_MAX 65535		/* 1.5.3, and an id */

enum packet_type {			/* 2.2.1 */
	PACKET_CONNECT = 1, PACKET_CONNACK = 2, PACKET_PUBLISH = 3, PACKET_PUBACK = 4,
	PACKET_SUBSCRIBE = 8, PACKET_SUBACK = 9, PACKET_UNSUBSCRIBE = 10, PACKET_UNSUBACK = 11,
	PACKET_PINGREQ = 12, PACKET_PINGRESP = 13, PACKET_DISCONNECT = 14,
};

struct packet {				/* its fixed header */
	enum packet_type type;
	uint8_t flags;			/* the lower four bits */
	size_t head, body;		/* bytes of this header, and of what follows it */
};

struct packet_publish {			/* 3.3; points into the bytes that were read */
	const char *topic;		/* UTF-8 without NUL and wildcards; not ended by a NUL */
	size_t topic_len;
	uint16_t id;			/* 0 with QoS 0 */
	uint8_t qos;
	bool dup, retain;
	size_t at, payload_len;		/* where in the body the payload begins; its whole length */
};

/* 3.2.2.3 */
#define PACKET_CONNACKS(C) \
	C(ACCEPTED, 0) C(BAD_VERSION, 1) C(BAD_CLIENT_ID, 2) C(UNAVAILABLE, 3) \
	C(BAD_PASSWORD, 4) C(NOT_ALLOWED, 5)
enum packet_connack {
#define C(name, code) CONNACK_##name = code,
	PACKET_CONNACKS(C)
#undef C
	CONNACK_COUNT
};

struct packet_connect {			/* 3.1; no will: who only listens leaves none */
	const char *client_id;
	const char *username, *password;	/* NULL: none; no password without a name (3.1.2.9) */
	uint16_t keepalive_s;
	bool clean;			/* a session of before is forgotten */
};

/* Each appends one whole packet.  Texts are UTF-8 and at most PACKET_TEXT_MAX bytes, ids are not 0. */
void packet_connect(struct buf *, const struct packet_connect *);
void packet_subscribe(struct buf *, uint16_t id, const char *const *filters, size_t count);	/* QoS 1 */
void packet_unsubscribe(struct buf *, uint16_t id, const char *const *filters, size_t count);
void packet_puback(struct buf *, uint16_t id);
void packet_pingreq(struct buf *);
void packet_disconnect(struct buf *);

/* The fixed header of what `bytes` begin with, as a server may send it: 1; 0: more bytes must come
 * first; -1: no server speaks so, the connection is of no use. */
int packet_read(struct packet *out, const uint8_t *bytes, size_t len);
/* Their bodies.  `body` is whole, only of a publish may the end of the payload be missing: 1, 0, -1 as
 * above; the others: 0, or -1 when it is malformed. */
int packet_publish_read(struct packet_publish *out, const struct packet *, const uint8_t *body, size_t len);
int packet_connack_read(bool *session_present, uint8_t *code, const struct packet *, const uint8_t *body);
/* `refused`: the first of the filters, by its place, that the server will not have; -1: it has all of
 * `count`, with QoS 1. */
int packet_suback_read(uint16_t *id, int *refused, size_t count, const struct packet *, const uint8_t *body);
int packet_unsuback_read(uint16_t *id, const struct packet *, const uint8_t *body);

#endif
