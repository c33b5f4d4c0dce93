/* find.h -- which port has the modem: by path, by IMEI or by ICCID, now or when it is plugged in.
 * A stick has several ports and gets other names when it comes back, so ports are asked, all at
 * once; one that is held by another program or never answers is passed over. */
#ifndef GONG_MODEM_FIND_H
#define GONG_MODEM_FIND_H

#include <event2/event.h>

#include "drivers/modem/probe.h"
#include "drivers/modem/quirks.h"

struct finder;

/* Looks, after `wait_ms`, until it is found: `found` is called once, from the loop.
 * `device`: a path, "imei:…" or "iccid:…".  A path that does not answer makes the other ports of
 * the same stick be asked (those of the glob `ports` that differ after "-if" only);
 * none answering, it is taken all the same, for a modem that hangs must be reset.
 * `last`: the port where the IMEI or ICCID was last; taken when it is there and does not say who
 * it is.  Of several that fit, the model's best (quirk usb_ports) is taken.
 * `missing` is called with the reason when a look finds nothing, if it is another one. */
struct finder *find_start(struct event_base *, const char *device, const char *ports,
			  const char *last, const struct quirks *, msec wait_ms,
			  void (*found)(void *ctx, const char *port),
			  void (*missing)(void *ctx, const char *why), void *ctx);
void find_free(struct finder *);	/* also from `found` */

#endif
