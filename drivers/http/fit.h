/* fit.h -- whether a compiled profile can do its work at all. */
#ifndef GONG_HTTP_FIT_H
#define GONG_HTTP_FIT_H

#include "drivers/http/profile.h"

/* Could it reach anybody, tell him what is the matter, and read what it promises to read?  -1:
 * err->field and err->text as of profile_compile. */
int fit_check(const struct profile *, struct err *);

#endif
