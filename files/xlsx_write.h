/* xlsx_write.h -- a list as a workbook that spreadsheet programs open (ECMA-376, one sheet): every cell
 * is text, so that a telephone number keeps its digits and nothing becomes a formula; the first row is
 * bold and stays in sight.  Held in memory until it is ended. */
#ifndef GONG_XLSX_WRITE_H
#define GONG_XLSX_WRITE_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

struct xlsx_write;

/* `sheet`: its name, of which 31 characters are kept, and none that a sheet may not have. */
struct xlsx_write *xlsx_write_new(const char *sheet);
/* UTF-8; NULL is an empty cell.  The first row is the titles of the columns. */
void xlsx_write_row(struct xlsx_write *, const char *const *cells, size_t count);
/* The whole file, appended to `out`; frees the writer in any case.  -1: it could not be made. */
int xlsx_write_end(struct xlsx_write *, struct buf *out, struct err *);

#endif
