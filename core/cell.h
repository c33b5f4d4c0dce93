/* cell.h -- a cell of a CSV file that people open in a spreadsheet: what would be taken for a formula, or
 * for a number that it is not, begins with an apostrophe; and read back it is what it was.  Pure. */
#ifndef GONG_CELL_H
#define GONG_CELL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

/* Appends it quoted (RFC 4180), with an apostrophe where one is due; NULL is "". */
void cell_put(struct buf *, const char *text);
/* Does it begin with an apostrophe that only says "this is text"? */
bool cell_is_marked(const char *text, size_t len);

#endif
