/* ip_range.h -- "203.0.113.0/24", "2001:db8::/32" or a single address, and who is in it.  Pure. */
#ifndef GONG_IP_RANGE_H
#define GONG_IP_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#define IP_BYTES 16			/* IPv4 is ::ffff:a.b.c.d */

struct ip_range {
	unsigned char address[IP_BYTES];
	unsigned bits;			/* of the address that count */
};

/* "203.0.113.7" or "2001:db8::7", `len` characters.  Returns how many bits the kind of address has
 * (32, 128), or -1: it is none. */
int ip_address_parse(unsigned char out[IP_BYTES], const char *text, size_t len);
int ip_range_parse(struct ip_range *, const char *text);	/* -1: it is none */
bool ip_ranges_have(const struct ip_range *, size_t count, const unsigned char address[IP_BYTES]);
/* Of an IPv4 address, in network order. */
void ip_map_v4(unsigned char out[IP_BYTES], const void *v4);

#endif
