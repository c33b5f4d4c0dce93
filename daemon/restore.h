/* restore.h -- gongd --restore: a copy takes the store's place. */
#ifndef GONG_DAEMON_RESTORE_H
#define GONG_DAEMON_RESTORE_H

#include <stdbool.h>

/* Says what it does, and what is lost by it, in that language (-1: by the locale); without `yes` it does
 * nothing by which something is lost.  The exit status. */
int restore_run(const char *config, const char *file, bool yes, int lang);

#endif
