/* settings.h -- the route's configuration, checked. */
#ifndef GONG_MODEM_SETTINGS_H
#define GONG_MODEM_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"
#include "core/msec.h"

struct modem_settings {
	const char *device;		/* borrowed from the JSON, as are the others */
	const char *pin, *smsc;		/* NULL = not set */
	msec validity_ms;		/* of messages without not_after */
	msec result_ms;			/* how long the network may take to answer a submit */
	bool debug;
};

/* Every option must be known, and of the right shape; the error names it. */
int modem_settings_parse(struct modem_settings *out, json_t *config, struct err *);

#endif
