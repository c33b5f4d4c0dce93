/* reading.h -- who a modem is and which network it is in, read from its answers in one place:
 * for the set-up, for the health, and for those who only look at a port. */
#ifndef GONG_MODEM_READING_H
#define GONG_MODEM_READING_H

#include "drivers/modem/presence.h"
#include "drivers/modem/script.h"

struct modem_identity {
	char device[256], maker[48], model[48], firmware[64], imei[20], iccid[24];
};

/* Readers of a script whose `id` and `net` say where the answers go. */
void reading_maker(void *ctx, struct script *, const struct at_reply *);	/* AT+CGMI */
void reading_model(void *ctx, struct script *, const struct at_reply *);	/* AT+CGMM */
void reading_firmware(void *ctx, struct script *, const struct at_reply *);	/* AT+CGMR */
void reading_imei(void *ctx, struct script *, const struct at_reply *);		/* AT+CGSN */
void reading_iccid(void *ctx, struct script *, const struct at_reply *);
void reading_operator(void *ctx, struct script *, const struct at_reply *);	/* AT+COPS? */
void reading_signal(void *ctx, struct script *, const struct at_reply *);	/* AT+CSQ */
/* Asks for the state of all three domains; of one that says nothing the last state holds. */
void reading_ask_registration(struct script *, msec limit_ms);
/* Makers ask for the SIM's number in different ways; NULL: there is no n-th one. */
const char *reading_iccid_command(unsigned n);

#endif
