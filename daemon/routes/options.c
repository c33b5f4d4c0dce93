/* options.c -- which options a driver's process runs by, which the next one will, and which the last
 * one did until the new ones have proved themselves. */
#include "daemon/routes/internal.h"

void
options_set(struct settings **settings, const struct route_conf **conf, struct settings *fresh,
	    const struct route_conf *fresh_conf)
{
	struct settings *before = *settings;

	*settings = fresh ? settings_ref(fresh) : NULL;
	*conf = fresh_conf;
	settings_unref(before);
}

bool
options_follow(struct driver *d, struct command *lost)
{
	if (d->next) {
		if (!d->last)		/* else the one between was never ready */
			options_set(&d->last_settings, &d->last, d->settings, d->conf);
		options_set(&d->settings, &d->conf, d->next_settings, d->next);
		options_set(&d->next_settings, &d->next, NULL, NULL);
	} else if (d->last) {
		options_set(&d->settings, &d->conf, d->last_settings, d->last);
		options_set(&d->last_settings, &d->last, NULL, NULL);
		lost->lost.went_back = true;
	} else {
		return false;
	}
	lost->lost.settings = settings_ref(d->settings);
	return true;
}

void
options_are_good(struct driver *d)
{
	options_set(&d->last_settings, &d->last, NULL, NULL);
}
