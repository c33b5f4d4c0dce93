/* check.h -- gongd --check: reads everything, asks every driver, sends nothing. */
#ifndef GONG_CHECK_H
#define GONG_CHECK_H

int check_run(const char *path);	/* gong.conf; the exit status, 1 = something must be mended */

#endif
