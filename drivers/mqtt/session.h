/* session.h -- the subscriptions at the broker, kept alive: connects, greets, subscribes, hands over
 * what is published, acknowledges what gongd has, and begins again with a back-off when it ends.
 *
 * The broker keeps the session while nobody is connected (clean session 0), so that what is published
 * meanwhile with QoS 1 comes later.  It forgets it when it likes: that is seen in its greeting. */
#ifndef GONG_MQTT_SESSION_H
#define GONG_MQTT_SESSION_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"
#include "core/phrase.h"
#include "drivers/mqtt/flight.h"
#include "drivers/mqtt/link.h"
#include "drivers/mqtt/packet.h"
#include "drivers/mqtt/seen.h"
#include "drivers/mqtt/settings.h"

enum session_phase {
	SESSION_AWAY,			/* until its back-off ends */
	SESSION_CONNECTING,
	SESSION_GREETING,		/* CONNECT is said, its CONNACK is not */
	SESSION_SUBSCRIBING,
	SESSION_UP,
	SESSION_LEAVING,		/* what is acknowledged still goes out */
};

struct session_ops {			/* called with session.ctx */
	/* One message.  `payload`: its first bytes_max bytes; payload_len says whether that is all.
	 * false: nothing is told of it. */
	bool (*message)(void *ctx, const struct packet_publish *, const char *payload, size_t len);
	/* All that came together, kept ones (3.3.1.3) apart from others, has been given: what is to be
	 * told of it is told now, under this event.  false: nothing is. */
	bool (*batch)(void *ctx, uint64_t event, bool kept);
	/* The phase, or what stands below, is another. */
	void (*changed)(void *ctx);
	void (*left)(void *ctx);	/* once, after session_leave */
};

struct session {
	const struct mqtt_settings *settings;
	const struct session_ops *ops;
	void *ctx;
	const char *client_id;		/* borrowed */
	/* Filters that the broker's session has and we want no more; emptied when it has let go of them. */
	const char *stale[TOPICS_MAX];
	size_t stale_count;
	bool was_known;			/* the broker should remember us */
	struct seen seen;

	enum session_phase phase;
	struct link *link;
	struct event timer;
	struct buf out;
	struct flight flight;
	uint64_t event;			/* of what is read now; never 0 */
	uint64_t told;			/* gongd has heard that one and not taken it; 0 = it has all */
	bool in_batch, batch_is_kept;
	size_t batch_bytes;
	bool is_blocked;		/* the next message must wait for what was told */
	bool is_held;			/* that, or 64 are not acknowledged: nothing is read */
	bool was_heard;			/* the broker, since the last ping */
	size_t skip;			/* bytes of a payload too long that are still to come */
	bool waits_unsubscribe;

	/* For health. */
	unsigned failures;		/* connections in a row that came to nothing */
	msec away_at;			/* since when none has stood for 10 s, monotonic; 0 = one has */
	char reason[SAID_VALUE];	/* of the last end, as a value (core/phrase.h) */
	int refused;			/* place of a topic that the broker will not have; -1 */
	bool is_denied;			/* it knows us, and will not have us */
	unsigned sessions_lost;
	msec lost_at;			/* monotonic, of the last; 0 = none was */
	unsigned long long received, again, unwanted;
};

/* Everything above `phase` is the caller's to fill; -1: err says which option is of no use. */
int session_open(struct session *, struct event_base *, struct err *);
/* gongd has it: what may be acknowledged is. */
void session_took(struct session *, uint64_t event);
/* Says good-bye, so that the broker hears what was acknowledged; `left` follows within a second. */
void session_leave(struct session *);
void session_close(struct session *);
msec session_now(void);			/* monotonic */

#endif
