/* probe.h -- asks one port who is there: is it a modem's AT port, which modem, which SIM. */
#ifndef GONG_MODEM_PROBE_H
#define GONG_MODEM_PROBE_H

#include <jansson.h>
#include <sys/types.h>

#include "drivers/modem/reading.h"

struct probe {
	struct modem_identity id;
	struct presence net;
	bool is_over, answers;
	pid_t held_by;			/* another program has the port; -1 = nobody knows which */
	char sim[24], reason[512];
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

#endif
