/* settings.h -- the route's configuration, checked. */
#ifndef GONG_MODEM_SETTINGS_H
#define GONG_MODEM_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"
#include "core/msec.h"

struct modem_settings {			/* texts are borrowed from the JSON; NULL = not set */
	const char *device;		/* a path, "imei:…" or "iccid:…" */
	const char *ports;		/* glob of the ports where a modem is looked for */
	const char *pin, *smsc, *models, *storage, *network, *reset_command;
	const char *balance_ussd, *balance_pattern;
	msec validity_ms;		/* of messages without not_after */
	msec result_ms;			/* how long the network may take to answer a submit */
	msec poll_ms;			/* between two listings and looks at its health */
	msec balance_ms, rest_ms;	/* between two balances; before the ladder starts anew */
	msec balance_floor, plan_day, plan_month, temperature_max, rung_failures;
	bool voice, debug;
};

/* Every option must be known, and of the right shape; the error names it. */
int modem_settings_parse(struct modem_settings *out, json_t *config, struct err *);

#endif
