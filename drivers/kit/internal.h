/* internal.h -- what the files of the kit's confinement share: seccomp.c and landlock.c at the ground,
 * confine.c above both. */
#ifndef GONG_KIT_INTERNAL_H
#define GONG_KIT_INTERNAL_H

#include "drivers/kit/confine.h"

/* 0, or errno: ENOSYS and EOPNOTSUPP say that this kernel does not have it. */
int seccomp_offered(void);
int seccomp_confine(bool network, bool spools);	/* no_new_privs must be set */

/* The ABI, or the negative of such an errno. */
int landlock_offered(void);
int landlock_confine(const struct confine *, struct confined *out);

#endif
