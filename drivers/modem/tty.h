/* tty.h -- opening a modem's serial port, for us alone. */
#ifndef GONG_MODEM_TTY_H
#define GONG_MODEM_TTY_H

#include "core/err.h"

/* A raw, locked, non-blocking fd; -1 with a reason and `field` "device". */
int tty_open(const char *device, struct err *);

#endif
