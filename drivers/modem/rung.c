/* rung.c -- which rung of the ladder of recovery so many failures in a row stand for. */
#include "drivers/modem/driver.h"

enum rung
rung_at(const struct driver *d, unsigned failures)
{
	unsigned climbed = (failures + (unsigned)d->conf.rung_failures - 1) /
			   (unsigned)d->conf.rung_failures;

	if (climbed >= RUNG_USB && !d->conf.reset_command)
		climbed++;		/* there is no such rung here */
	return climbed < RUNG_DOWN ? (enum rung)climbed : RUNG_DOWN;
}

const char *
rung_name(const struct driver *d)
{
	static const char *const names[] = { "none", "reinit", "restart", "reset", "usb", "down" };

	return names[rung_at(d, d->kept.failures)];
}
