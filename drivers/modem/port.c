/* port.c -- looks for the modem's port until it is there. */
#include "drivers/modem/driver.h"

#include <stdio.h>
#include <string.h>

void
port_missing(struct driver *d, const char *why)
{
	if (strcmp(d->missing, why) == 0)
		return;
	snprintf(d->missing, sizeof(d->missing), "%s", why);
	kit_log("no modem yet reason=\"%s\"", ENGLISH(why));
	report_say(d);
}

static void
on_missing(void *ctx, const char *why)
{
	port_missing(ctx, why);
}

static void
on_found(void *ctx, const char *port)
{
	struct driver *d = ctx;

	find_free(d->finder);
	d->finder = NULL;
	snprintf(d->id.device, sizeof(d->id.device), "%s", port);
	d->above->found(d);
}

void
port_look(struct driver *d, msec wait_ms)
{
	d->finder = find_start(kit_base(d->kit), d->conf.device, d->conf.ports, d->kept.port, d->quirks,
			       wait_ms, on_found, on_missing, d);
}
