/* check.h -- gongd --check: reads everything, asks every driver, sends nothing. */
#ifndef GONG_CHECK_H
#define GONG_CHECK_H

#include <stdbool.h>

/* `path`: gong.conf; `lang`: of who reads, -1 = by the locale.  The exit status, 1 = something must be mended. */
int check_run(const char *path, int lang, bool json);

#endif
