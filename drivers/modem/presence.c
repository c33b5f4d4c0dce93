/* presence.c -- what the states of the three domains say together. */
#include "drivers/modem/presence.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool
presence_news(struct presence *net, const char *line)
{
	static const char *const domains[DOMAIN_COUNT] = { "+CREG:", "+CGREG:", "+CEREG:" };

	for (size_t i = 0; i < DOMAIN_COUNT; i++) {
		const char *stat = line + strlen(domains[i]);
		char *end;
		long value;

		if (strncmp(line, domains[i], strlen(domains[i])) != 0)
			continue;
		value = strtol(stat, &end, 10);
		if (end == stat)
			return false;
		if (*end == ',' && isdigit((unsigned char)end[1]))
			value = strtol(end + 1, NULL, 10);	/* a late answer: "mode,stat" */
		net->stats[i] = (int)value;
		return true;
	}
	return false;
}

bool
presence_is_registered(const struct presence *net)
{
	for (size_t i = 0; i < DOMAIN_COUNT; i++) {
		int stat = net->stats[i];

		if (stat == 1 || stat == 5 || stat == 6 || stat == 7)
			return true;
	}
	return false;
}

bool
presence_is_roaming(const struct presence *net)
{
	for (size_t i = 0; i < DOMAIN_COUNT; i++)
		if (net->stats[i] == 5)
			return true;
	return false;
}
