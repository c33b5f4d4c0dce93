/* codes.c -- the table of refusals.  What makers add beyond 3GPP (512 and above) is here only where
 * several report it as passing. */
#include "drivers/modem/codes.h"

#include <stddef.h>
#include <stdio.h>

struct range {
	int first, last;
	enum speaks_of of;
	const char *text;
};

static const struct range cms[] = {
	{ 1, 1, OF_NUMBER, "unassigned number" },
	{ 8, 8, OF_SENDER, "operator determined barring of this SIM" },
	{ 10, 10, OF_SENDER, "messages are barred for this SIM" },
	{ 21, 21, OF_NOBODY, "short message transfer rejected" },
	{ 22, 22, OF_MOMENT, "memory capacity exceeded" },
	{ 27, 27, OF_NUMBER, "destination out of service" },
	{ 28, 28, OF_SENDER, "the network does not know this SIM (unidentified subscriber)" },
	{ 29, 29, OF_NUMBER, "facility rejected" },
	/* of the sender or of the number: the standard allows both */
	{ 30, 30, OF_NOBODY, "unknown subscriber" },
	{ 38, 38, OF_MOMENT, "network out of order" },
	{ 41, 41, OF_MOMENT, "temporary failure" },
	{ 42, 42, OF_MOMENT, "congestion" },
	{ 47, 47, OF_MOMENT, "resources unavailable" },
	{ 50, 50, OF_SENDER, "messages are not in the contract of this SIM" },
	{ 69, 69, OF_SENDER, "the network offers this SIM no messages" },
	{ 81, 81, OF_MOMENT, "transfer reference of another message" },
	{ 98, 98, OF_MOMENT, "not in this state of the link" },
	{ 127, 127, OF_NOBODY, "interworking failed" },
	{ 128, 159, OF_NOBODY, "TP-PID or TP-DCS is not supported" },
	{ 160, 191, OF_NOBODY, "command or TPDU is not supported" },
	{ 192, 192, OF_MOMENT, "the service centre is busy" },
	{ 193, 193, OF_SENDER, "no subscription of the service centre" },
	{ 194, 194, OF_MOMENT, "the service centre has failed" },
	{ 195, 195, OF_NUMBER, "no valid number" },
	{ 196, 196, OF_NUMBER, "messages to this number are barred" },
	{ 197, 197, OF_DOUBT, "the service centre has it already (duplicate)" },
	{ 211, 212, OF_MOMENT, "memory of the SIM is full, or it is busy" },
	{ 300, 302, OF_MOMENT, "not now, says the modem" },
	{ 305, 305, OF_MODE, "the modem is in text mode" },
	{ 310, 313, OF_SENDER, "SIM missing, locked or failing" },
	{ 314, 314, OF_MOMENT, "SIM busy" },
	{ 315, 318, OF_SENDER, "wrong SIM, or it is locked" },
	{ 320, 320, OF_MOMENT, "memory failure of the modem" },
	{ 322, 322, OF_MOMENT, "message memory is full" },
	{ 330, 330, OF_SENDER, "unknown service centre address; set `smsc`" },
	{ 331, 331, OF_NETWORK, "no network service" },
	{ 332, 332, OF_DOUBT, "network timeout" },
	{ 350, 350, OF_MOMENT, "failure of the radio link" },
	{ 500, 500, OF_DOUBT, "unknown error of the modem" },
	{ 512, 513, OF_MOMENT, "failure of the radio link" },
	{ 515, 515, OF_MOMENT, "the modem is busy or still starting" },
}, cme[] = {
	{ 10, 13, OF_SENDER, "SIM missing, locked or failing" },
	{ 14, 14, OF_MOMENT, "SIM busy" },
	{ 15, 18, OF_SENDER, "wrong SIM, or it is locked" },
	{ 20, 20, OF_MOMENT, "message memory is full" },
	{ 30, 30, OF_NETWORK, "no network service" },
	{ 31, 31, OF_DOUBT, "network timeout" },
	{ 32, 32, OF_NETWORK, "emergency calls only" },
	{ 100, 100, OF_DOUBT, "unknown error of the modem" },
	{ 515, 515, OF_MOMENT, "the modem is still starting" },
};

static const struct range *
row_of(const struct range *rows, size_t count, int code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= rows[i].first && code <= rows[i].last)
			return &rows[i];
	return NULL;
}

struct refusal
refusal_of(int code, bool is_cme)
{
	const struct range *row = is_cme ? row_of(cme, sizeof(cme) / sizeof(cme[0]), code)
					 : row_of(cms, sizeof(cms) / sizeof(cms[0]), code);
	struct refusal r = { .of = row ? row->of : OF_NOBODY, .code = CODE_NONE };

	if (code < 0) {
		snprintf(r.reason, sizeof(r.reason), "the modem answered ERROR without a code");
		return r;
	}
	r.code = is_cme ? CODE_CME + code : code;
	snprintf(r.reason, sizeof(r.reason), "%s %d: %s", is_cme ? "CME" : "CMS", code,
		 row ? row->text : "see 3GPP TS 27.005 3.2.5 or 27.007 9.2");
	return r;
}
