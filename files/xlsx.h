/* xlsx.h -- the sheets of a workbook (ECMA-376, ISO/IEC 29500) as texts, as their reader sees them: shared and
 * inline strings, numbers without exponent, dates by their style, merged cells told downwards.  It reads,
 * it calculates nothing.  Hostile files meet caps: bytes packed and unpacked, their ratio, parts, depth,
 * rows, columns, cells, strings; a document type is refused.  gongd is not linked with it.
 *
 * A cell whose formula has no stored value reads "#VALUE!", as do cells that show an error: nobody
 * shall take it for an empty one. */
#ifndef GONG_XLSX_H
#define GONG_XLSX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct xlsx;

struct xlsx_row {
	unsigned number;		/* of the sheet, from 1 */
	bool hidden;
	char **cells;			/* NULL = empty */
	size_t count;			/* of cells, up to the last that is not empty */
};
struct xlsx_table {			/* all zero = empty */
	struct xlsx_row *rows;		/* ascending; what is not there is empty */
	size_t count;
};

/* Do the bytes begin as a workbook, or as another kind of one that xlsx_open refuses with a remedy? */
bool xlsx_is(const void *bytes, size_t len);
/* `bytes` are borrowed until xlsx_close.  -1: broken, locked by a password, of another kind, too large. */
int xlsx_open(struct xlsx **out, const void *bytes, size_t len, struct err *);
size_t xlsx_sheets(const struct xlsx *);		/* of cells, in the order of their tabs */
const char *xlsx_sheet_name(const struct xlsx *, size_t sheet);
bool xlsx_sheet_is_hidden(const struct xlsx *, size_t sheet);
int xlsx_read(struct xlsx *, size_t sheet, struct xlsx_table *out, struct err *);
void xlsx_table_fini(struct xlsx_table *);
void xlsx_close(struct xlsx *);				/* NULL is fine */

#endif
