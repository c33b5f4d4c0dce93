/* ip_range.c -- ranges of addresses as bits to compare; IPv4 as the part of IPv6 that stands for it. */
#include "daemon/settings/ip_range.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/number.h"

void
ip_map_v4(unsigned char out[IP_BYTES], const void *v4)
{
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, v4, 4);
}

int
ip_range_parse(struct ip_range *r, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	unsigned char v4[4];
	unsigned most = 128;
	int64_t bits;

	if (len >= sizeof(address))
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, v4) == 1) {
		ip_map_v4(r->address, v4);
		most = 32;
	} else if (inet_pton(AF_INET6, address, r->address) != 1) {
		return -1;
	}
	r->bits = 128;
	if (slash) {
		if (whole_parse(&bits, slash + 1, 0, most) < 0)
			return -1;
		r->bits = 128 - most + (unsigned)bits;
	}
	return 0;
}

static bool
has(const struct ip_range *r, const unsigned char *address)
{
	unsigned bytes = r->bits / 8, rest = r->bits % 8;

	return memcmp(r->address, address, bytes) == 0 &&
		(!rest || (r->address[bytes] ^ address[bytes]) >> (8 - rest) == 0);
}

bool
ip_ranges_have(const struct ip_range *ranges, size_t count, const unsigned char address[IP_BYTES])
{
	for (size_t i = 0; i < count; i++)
		if (has(&ranges[i], address))
			return true;
	return false;
}
