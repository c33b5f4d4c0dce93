/* codes.h -- what a refused submit or call speaks of: the sender, the number, the moment, or
 * nobody knows.  Pure: one table, 3GPP TS 23.040 9.2.3.22 (TP-FCS), TS 24.011 annex E (RP causes),
 * TS 27.005 3.2.5 (CMS) and TS 27.007 9.2 (CME).  What follows from it is for blame.h. */
#ifndef GONG_MODEM_CODES_H
#define GONG_MODEM_CODES_H

#include <stdbool.h>

enum speaks_of {
	OF_SENDER,			/* this SIM, its contract, its service centre */
	OF_NETWORK,			/* this SIM is in none */
	OF_NUMBER,			/* the one who is called: it can never work */
	OF_MOMENT,			/* it passes */
	OF_MODE,			/* the modem has gone into text mode */
	OF_DOUBT,			/* the message may have left all the same */
	OF_NOBODY			/* not listed, or it says nothing: the message itself first */
};

#define CODE_NONE -1			/* a plain ERROR, or a refusal in words */
#define CODE_CME 10000			/* added to CME codes, so that a code is one number */

struct refusal {
	enum speaks_of of;
	int code;			/* CODE_NONE, a CMS code, or CODE_CME + a CME code */
	char reason[160];		/* a phrase as a value (core/phrase.h), never empty */
};

/* `code` as the modem said it (CODE_NONE = plain ERROR); is_cme: the modem's, not the network's. */
struct refusal refusal_of(int code, bool is_cme);

#endif
