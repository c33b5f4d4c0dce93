/* address.c -- where a callback may go: asked of the very address that is about to be connected to, so
 * that a name which leads elsewhere at the second look gains nothing. */
#include "drivers/hook/hook.h"

#include <netinet/in.h>
#include <string.h>

/* RFC 6890: this network, link-local, multicast and what is reserved behind it. */
static bool
is_allowed_v4(uint32_t a, bool loopback)
{
	if (a >> 24 == 127)
		return loopback;
	return a >> 24 != 0 && a >> 16 != 0xa9fe && a >> 28 < 14;
}

static uint32_t
last_four(const struct in6_addr *a)
{
	uint32_t four;

	memcpy(&four, a->s6_addr + 12, 4);
	return ntohl(four);
}

static bool
is_allowed_v6(const struct in6_addr *a, bool loopback)
{
	static const unsigned char nat64[12] = { 0, 0x64, 0xff, 0x9b };		/* RFC 6052, 2.1 */

	if (IN6_IS_ADDR_LOOPBACK(a))
		return loopback;
	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a) || memcmp(a, nat64, sizeof(nat64)) == 0)
		return is_allowed_v4(last_four(a), loopback);
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_MULTICAST(a);
}

bool
address_is_allowed(const struct sockaddr *address, bool loopback)
{
	if (address->sa_family == AF_INET)
		return is_allowed_v4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr), loopback);
	return address->sa_family == AF_INET6 &&
	       is_allowed_v6(&((const struct sockaddr_in6 *)address)->sin6_addr, loopback);
}
