/* presence.h -- is the SIM in a network, and in which?  Pure. */
#ifndef GONG_MODEM_PRESENCE_H
#define GONG_MODEM_PRESENCE_H

#include <stdbool.h>

enum domain { DOMAIN_CS, DOMAIN_PS, DOMAIN_EPS, DOMAIN_COUNT };	/* +CREG, +CGREG, +CEREG */

struct presence {			/* in its network */
	int stats[DOMAIN_COUNT];	/* 3GPP TS 27.007 7.2, 10.1.20, 10.1.22; the last one told */
	bool has_signal;
	int signal_dbm;
	char operator[64];		/* "" = none, or none that is UTF-8 */
};

/* "+CREG: 1" or "+CREG: 1,"AC",…", told unasked, or "+CREG: 2,1", the answer to a question that is
 * over: false if it says nothing. */
bool presence_news(struct presence *, const char *line);
/* Home, roaming, and either for SMS only; a SIM that only has LTE is registered by +CEREG alone. */
bool presence_is_registered(const struct presence *);
bool presence_is_roaming(const struct presence *);

#endif
