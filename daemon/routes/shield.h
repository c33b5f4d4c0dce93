/* shield.h -- memory that a driver can take away.  A page's file is open in its driver, too, which may
 * cut it short; gongd's next look at it would be a SIGBUS, and the end of every route.  Instead what
 * was cut off becomes memory of gongd's own, and whoever reads it learns that it says nothing. */
#ifndef GONG_SHIELD_H
#define GONG_SHIELD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* From now on, until shield_off.  *torn, the caller's, becomes 1 when any of it was cut off.  All looks
 * at it are the calling thread's.  false: too many are shielded, this one is not. */
bool shield_on(void *start, size_t bytes, volatile sig_atomic_t *torn);
void shield_off(const void *start);		/* before it is unmapped */

#endif
