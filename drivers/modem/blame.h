/* blame.h -- is it the message or the route?  One refused message says little: the next person is
 * tried at once, and two different numbers that are refused with the same code, within ten minutes
 * and with no acceptance between, make it the route's.  Pure: no clock, no modem. */
#ifndef GONG_MODEM_BLAME_H
#define GONG_MODEM_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msec.h"
#include "drivers/modem/codes.h"

#define BLAMES 8
#define BLAME_COUNTS_MS MINUTES(10)	/* older refusals are another trouble */
#define BLAME_REST_MS SECONDS(60)	/* until the same number is tried again after the sender's */
#define BLAME_OTHERS_MS SECONDS(3)	/* how long others may step forward as the probe */

struct blames {				/* kept by gongd over the driver's end; instants are Unix ms */
	struct blame {
		uint64_t number;	/* hash */
		int code;
		enum speaks_of of;
		msec at;
	} all[BLAMES];			/* oldest first; one a number */
	size_t count;
	bool is_routes;			/* the route has been blamed, and nothing was accepted since */
	msec probe_at;			/* when one of them first came again since then; 0 = none did */
};

enum verdict {
	VERDICT_NUMBER,			/* never to this number: the person's next one */
	VERDICT_LATER,			/* by this route, in seconds */
	VERDICT_ELSEWHERE,		/* by another route, or again here, behind others */
	VERDICT_ROUTE,			/* the route is out of order */
	VERDICT_UNKNOWN,		/* the message may have left */
	VERDICT_SICK			/* the same, and the modem is to be recovered */
};

/* A refused submit to `number`, counted. */
enum verdict blame_refused(struct blames *, const struct refusal *, const char *number, msec now);
/* Something was accepted: nobody is to blame.  True: somebody was. */
bool blame_accepted(struct blames *);
/* The SIM is in no network: that was it, whoever was refused for want of one. */
void blame_excuse(struct blames *);
/* Must it wait?  One that was refused for the sender's sake a moment ago does; and it is not the
 * probe of a route that was blamed, while others may come forward: a number that nobody can reach would
 * keep the route closed for all. */
bool blame_holds(struct blames *, const char *number, msec now);

#endif
