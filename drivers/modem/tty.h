/* tty.h -- the modem's tty and the pty that libGammu is given in its place.
 * The main thread owns both and pumps bytes between them through the filter; it sees an unplugged
 * modem at once, which libGammu does not. */
#ifndef GONG_MODEM_TTY_H
#define GONG_MODEM_TTY_H

#include <event2/event.h>
#include <stdbool.h>

#include "core/err.h"

struct tty;

/* Opens and locks `device`, makes the pty, starts pumping on `base`.  `lost` is called once, on
 * the loop, when the modem is gone. */
int tty_open(struct tty **out, const char *device, struct event_base *base,
	     void (*lost)(void *ctx, const char *why), void *ctx, struct err *);
void tty_close(struct tty *);
const char *tty_slave(const struct tty *);	/* the path libGammu opens */
/* Was the last error line "+CME ERROR" (the modem's) and not "+CMS ERROR" (the network's)?  The
 * two number their codes differently and libGammu hands over only the number.  Any thread. */
bool tty_is_cme(const struct tty *);

#endif
