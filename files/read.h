/* read.h -- regular files, read whole and within a bound.  A name that a person wrote may stand
 * for a folder, a named pipe nobody writes to, /dev/zero or a disk image: each is refused with a
 * sentence instead of being waited for or read until memory ends.  Blocks on the disk only. */
#ifndef GONG_FILES_READ_H
#define GONG_FILES_READ_H

#include <stddef.h>

#include "core/err.h"

#define FILE_CONF_MAX ((size_t)4 << 20)		/* bytes of what people write by hand */
#define FILE_SECRET_MAX ((size_t)64 << 10)	/* of a token, a password, a certificate's chain */

/* A descriptor of a regular file of at most `most` bytes (close-on-exec; the caller closes it);
 * -1: err->text is "PATH: why; remedy". */
int file_open(const char *path, size_t most, struct err *);
/* Its bytes and a NUL after them; *len (may be NULL) without that.  With len NULL a file that
 * holds a NUL is refused, as no text has one.  NULL: err, as above.  The caller frees. */
char *file_read(const char *path, size_t most, size_t *len, struct err *);
/* For what a library reads by its own means: could file_read read it?  0 or -1. */
int file_check(const char *path, size_t most, struct err *);

#endif
