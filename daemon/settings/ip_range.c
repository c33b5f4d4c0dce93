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
ip_address_parse(unsigned char out[IP_BYTES], const char *text, size_t len)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char v4[4];

	if (len >= sizeof(address))
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, v4) == 1) {
		ip_map_v4(out, v4);
		return 32;
	}
	return inet_pton(AF_INET6, address, out) == 1 ? 128 : -1;
}

int
ip_range_parse(struct ip_range *r, const char *text)
{
	size_t len = strcspn(text, "/");
	int most = ip_address_parse(r->address, text, len);
	int64_t bits;

	if (most < 0)
		return -1;
	r->bits = 128;
	if (text[len]) {
		if (whole_parse(&bits, text + len + 1, 0, most) < 0)
			return -1;
		r->bits = 128 - (unsigned)most + (unsigned)bits;
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
