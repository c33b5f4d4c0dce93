/* origin.h -- the address that a request comes from, where it may have come by proxies.  Pure. */
#ifndef GONG_ORIGIN_H
#define GONG_ORIGIN_H

#include "daemon/settings/ip_range.h"
#include "daemon/web/http.h"

/* X-Forwarded-For is read from its end, where the nearest proxy wrote, across all such headers in
 * their order: each entry is believed because the hop that wrote it is one of `proxies`.  The first
 * address that is none of them is the origin; where an entry is no address, with or without a port,
 * or there are no more, the last hop is. */
void origin_find(unsigned char out[IP_BYTES], const unsigned char peer[IP_BYTES],
		 const struct http_request *, const struct ip_range *proxies, size_t count);

#endif
