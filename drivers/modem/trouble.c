/* trouble.c -- the modem fails: what that ends at once, and whether this process ends with it.
 * What is tried then is for recover.c. */
#include "drivers/modem/driver.h"

/* Every item gets its one `done` before the process ends. */
void
trouble_fatal(struct driver *d, const char *reason, bool retry)
{
	queue_abandon(d, reason);
	queue_give_back(d, "rejected", "retry_other", reason);
	calls_abandon(d, reason);
	if (d->must_keep)
		driver_keep(d);
	kit_fatal(d->kit, reason, retry);
}

void
trouble_met(struct driver *d, const char *reason)
{
	enum rung rung;

	d->kept.failures++;
	d->recovery.failed_at = driver_now();
	rung = rung_at(d, d->kept.failures);
	kit_log("modem trouble failures=%u rung=%s reason=\"%s\"", d->kept.failures,
		rung_name(d), ENGLISH(reason));
	if (rung == RUNG_DOWN)
		d->kept.is_down = true;
	driver_keep(d);
	if (rung > RUNG_REINIT)
		trouble_fatal(d, reason, true);
	driver_set_up_again(d);
	calls_abandon(d, reason);
	ready_say(d);
	report_say(d);
	driver_done(d);
}

void
trouble_over(struct driver *d)
{
	if (!d->kept.failures && !d->kept.is_down)
		return;
	d->kept.failures = d->kept.acted = 0;
	d->kept.is_down = false;
	driver_keep(d);
}
