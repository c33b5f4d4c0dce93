/* address.h -- whom gong-feed may ask: hosts by name (fetch_from), and addresses by what they are.  A feed
 * that was taken over must not make gong ask its own machine, or the cloud's keeper of keys.  Pure. */
#ifndef GONG_FEED_ADDRESS_H
#define GONG_FEED_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "drivers/feed/conf.h"

bool address_is_listed(const struct conf *, const char *host, const char *port);
/* An address itself, or localhost: whoever lists it means it. */
bool address_is_literal(const char *host);
/* One on the network, or one that fetch_from lists itself.  `out`: the address in words. */
bool address_may_connect(const struct conf *, const struct sockaddr *, char *out, size_t size);

#endif
