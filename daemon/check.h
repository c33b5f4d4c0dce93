/* check.h -- gongd --check: reads everything, asks every driver, sends nothing. */
#ifndef GONG_CHECK_H
#define GONG_CHECK_H

#include <stdbool.h>

/* `path`: gong.conf; `lang`: of who reads, -1 = by the locale.  The exit status, 1 = something must be mended. */
int check_run(const char *path, int lang, bool json);
/* Of the store alone: would a start on it be refused?  1 = yes, and it is said why; 2 = the settings, or the
 * folder, cannot be read. */
int check_store_run(const char *path, int lang);

#endif
