/* fuzz.h -- what the fuzz targets share.  A target proves promises, not only the absence of a
 * crash: `promise` ends the run when one is broken. */
#ifndef GONG_FUZZ_H
#define GONG_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

#define promise(condition, what)                                          \
	do {                                                              \
		if (!(condition)) {                                       \
			fprintf(stderr, "broken promise: %s\n", what);    \
			abort();                                          \
		}                                                         \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as text that ends where the sanitizer sees it. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	return xstrndup((const char *)data, size);
}

#endif
