/* link.h -- one connection to the broker, with TLS or without: bytes to it and from it.  It knows no
 * MQTT, makes no second attempt by itself and waits for nothing: all comes from the loop. */
#ifndef GONG_MQTT_LINK_H
#define GONG_MQTT_LINK_H

#include <event2/event.h>

#include "core/buf.h"
#include "core/err.h"
#include "drivers/mqtt/settings.h"

struct evbuffer;
struct link;

struct link_ops {			/* called with the ctx that link_new was given */
	void (*up)(void *ctx);		/* connected, the broker's certificate proved */
	void (*read)(void *ctx);	/* there is more in link_input */
	/* It failed or ended; it is closed already.  `reason`: a value (core/phrase.h). */
	void (*down)(void *ctx, const char *reason);
	void (*drained)(void *ctx);	/* after link_drain */
};

/* Not connected yet.  Reads the certificates, so that the process may be confined after it.  Borrows
 * settings and ops until link_free; -1: err says which file cannot be used, and why. */
int link_new(struct link **out, struct event_base *, const struct mqtt_settings *, const struct link_ops *,
	     void *ctx, struct err *);
void link_open(struct link *);		/* what was open is closed */
/* At once, what has not left yet does not; `down` is not called. */
void link_close(struct link *);
void link_write(struct link *, struct buf *);	/* empties it; nothing where there is no connection */
/* Nothing more is read; `drained` or `down` is called when all that was written has left. */
void link_drain(struct link *);
struct evbuffer *link_input(struct link *);	/* NULL: there is no connection */
void link_hold(struct link *, bool hold);	/* nothing more is read meanwhile */
void link_free(struct link *);			/* NULL is nothing */

#endif
