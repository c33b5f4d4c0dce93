/* mapped.h -- signals of a document by the pointers of its source's rules file (json.c). */
#ifndef GONG_FORMATS_MAPPED_H
#define GONG_FORMATS_MAPPED_H

#include <jansson.h>

#include "daemon/intake/formats/formats.h"

/* As a format's parser; `whole` is borrowed. */
int mapped_signals(struct signal_post *out, const struct format_input *, json_t *whole, struct err *);

#endif
