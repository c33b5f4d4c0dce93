/* xlsx_book.h -- inside the reader of workbooks: what all sheets share: their names and parts, strings,
 * the styles that make a number a date, or show its zeros. */
#ifndef GONG_XLSX_BOOK_H
#define GONG_XLSX_BOOK_H

#include "files/xlsx.h"
#include "files/xlsx_parts.h"

#define XLSX_CELL_BYTES (32767 * 4)	/* what a cell may hold, as UTF-8 */
#define XLSX_TEXT_BYTES ((size_t)128 << 20)	/* of all cells */
#define XLSX_CELLS 8000000		/* empty ones before a full one count, too */

/* Bits of a style; above them how many digits a number shows at least. */
enum { XLSX_DATED = 1, XLSX_TIMED = 2, XLSX_ZEROS = 2, XLSX_ZEROS_MAX = 15 };

struct xlsx_sheet {
	char *name, *id, *path;		/* path: its part; NULL = a chart, or not there */
	bool hidden;
};

struct xlsx {
	struct xlsx_parts *parts;
	struct xlsx_sheet *sheets;
	size_t sheet_count;
	struct buf strings;		/* the shared ones, each with its NUL */
	size_t *string_at;
	size_t string_count, string_cap;
	unsigned char *styles;
	size_t style_count;
	bool since_1904;
};

/* The text of an <si> or <is>, without its phonetic runs. */
struct xlsx_text {
	struct buf bytes;
	bool inside;
	unsigned phonetic;
};
void xlsx_text_begin(struct xlsx_text *, const char *element);
void xlsx_text_end(struct xlsx_text *, const char *element);
int xlsx_text_add(struct xlsx_text *, const char *text, size_t len, struct err *);
void xlsx_text_decode(struct buf *);	/* _x000D_ and its like, in place */

int xlsx_book_read(struct xlsx *, struct err *);	/* fills all but parts */
void xlsx_book_free(struct xlsx *);

#endif
