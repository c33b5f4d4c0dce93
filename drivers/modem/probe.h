/* probe.h -- asks one port who is there: is it a modem's AT port, which modem, which SIM. */
#ifndef GONG_MODEM_PROBE_H
#define GONG_MODEM_PROBE_H

#include <jansson.h>
#include <sys/types.h>

#include "drivers/modem/script.h"

struct modem_identity {
	char device[256], maker[48], model[48], firmware[64], imei[20], iccid[24];
};

struct probe {
	struct modem_identity id;
	bool is_over, answers, registered, has_signal;
	pid_t held_by;			/* another program has the port; -1 = nobody knows which */
	int signal_dbm;
	char sim[24], operator[64], reason[512];
	json_t *log;			/* array of the lines said, if asked for */
	/* probe.c's own */
	struct wire *wire;
	struct script script;
	unsigned iccid_tries;
	void (*over)(void *ctx);
	void *ctx;
};

/* `over` is called once, from the loop or at once, when is_over; then close it. */
void probe_start(struct probe *, const char *port, struct event_base *, bool with_log,
		 void (*over)(void *ctx), void *ctx);
void probe_close(struct probe *);	/* not from `over` */
json_t *probe_json(const struct probe *);

/* The first line of a reply that says something, without "+NAME:", blanks and quotes. */
void probe_text(char *out, size_t size, const struct at_reply *);
/* The longest run of digits (an ICCID may end in a hexadecimal one), at least `min` long. */
void probe_digits(char *out, size_t size, const struct at_reply *, size_t min);
/* Makers ask for the SIM's number in different ways; NULL ends. */
extern const char *const probe_iccid_commands[];

#endif
