/* fits.h -- a store file looked at from beside: can this gong work on it?  Nothing is written. */
#ifndef GONG_FITS_H
#define GONG_FITS_H

#include "core/buf.h"
#include "core/err.h"

/* SQLite's name of a file that is only to be read: beside one without a log none is made. */
void store_reading_uri(const char *path, struct buf *out);
/* Would a start on it be refused: is it another program's, of a newer schema, or of an earlier one and
 * damaged?  That one is read whole, which takes seconds for a large store.  -1: err says what to do. */
int store_fits(const char *path, struct err *);

#endif
