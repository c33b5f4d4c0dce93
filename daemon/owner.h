/* owner.h -- whose the state folder is. */
#ifndef GONG_OWNER_H
#define GONG_OWNER_H

#include "core/err.h"

/* Run by root, what is made there must still be gong's.  -1: err says why it cannot be. */
int become_owner(const char *state_dir, struct err *);

#endif
