/* check.h -- the parts of gongd --check's report.  Each looks at one thing of the settings, the machine or
 * the store, changes nothing and says what it found. */
#ifndef GONG_CHECK_PARTS_H
#define GONG_CHECK_PARTS_H

#include "daemon/check/report.h"
#include "daemon/settings/settings.h"
#include "daemon/store/survey.h"

/* routes.c: every driver is started, and asked what it could not send; what its texts cost. */
void check_routes(struct report *, const struct settings *);
/* texts.c: the words of the templates, and templates that are not there. */
void check_texts(struct report *, const struct settings *);
/* secrets.c: files with secrets and certificates: mode, owner, age, expiry. */
void check_secrets(struct report *, const struct settings *, msec now);
/* sources.c: every test of every rules file; is gong-hook there, if it is needed. */
void check_sources(struct report *, const struct settings *, msec now);
/* machine.c: clock, disk, ballast.  `last`: the store's last instant, 0 = there is no store. */
void check_machine(struct report *, const struct settings *, msec now, msec last);
/* lists.c: whom ladders call and nobody is; duties that nobody has in the next 14 days. */
void check_lists(struct report *, const struct settings *, struct survey *, msec now);
/* ladders.c: rungs that overtake each other by the site's routes, budgets that bind at night. */
void check_ladders(struct report *, const struct settings *, struct survey *, msec now);

#endif
