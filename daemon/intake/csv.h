/* csv.h -- inside intake/: a CSV file.  From the ground: cells and faults (csv_cell.c), rows as
 * meanings (csv_rows.c), bytes as rows (csv.c). */
#ifndef GONG_INTAKE_CSV_H
#define GONG_INTAKE_CSV_H

#include <csv.h>
#include <iconv.h>

#include "core/buf.h"
#include "core/table.h"
#include "daemon/intake/intake.h"

#define CSV_COLUMNS_MAX 64

enum csv_column {			/* what a column is; see csv_rows.c for their names */
	COLUMN_NONE, COLUMN_CODE, COLUMN_NAME, COLUMN_LEVEL, COLUMN_PARENT, COLUMN_PARAM, COLUMN_TAG,
	COLUMN_REF, COLUMN_PHONE, COLUMN_PHONE2, COLUMN_PHONE3, COLUMN_PHONE4, COLUMN_ROLE,
	COLUMN_DIVISION, COLUMN_ORDER, COLUMN_LANG, COLUMN_VOICE, COLUMN_SMS, COLUMN_ACTIVE,
	COLUMN_FROM, COLUMN_TO, COLUMN_AREA, COLUMN_SEAT, COLUMN_COUNT
};

struct csv_cells {			/* of a row */
	struct buf bytes;		/* each with its NUL */
	size_t at[CSV_COLUMNS_MAX];	/* where one begins */
	size_t count;
	unsigned row;			/* as a spreadsheet counts: a quoted line break begins no new one */
};

struct csv_intake {
	enum import_kind kind;
	struct settings *settings;
	struct import_request *request;	/* and the faults */
	size_t cap;
	bool stopped;			/* nothing more of the file is understood */
	/* bytes -> lines -> fields */
	struct csv_parser parser;
	struct buf head;		/* until the encoding is decided */
	struct buf part;		/* of a line */
	struct buf text;		/* a converted line */
	bool decided, separated;	/* the encoding is known; the separator too */
	iconv_t gbk;			/* (iconv_t)-1 = the file is UTF-8 */
	struct csv_cells cells;		/* of the row being read */
	unsigned lines;			/* of it, so far */
	/* the names of the columns */
	bool have_header;
	struct csv_cells first;		/* the first row, as long as there is no header */
	unsigned sought;		/* rows that were none */
	size_t columns;
	enum csv_column column[CSV_COLUMNS_MAX];
	char *title[CSV_COLUMNS_MAX];
	size_t place[COLUMN_COUNT];	/* column's index + 1; 0 = not in the file */
	struct table keys;		/* of a ref or a code -> index of its first row + 1 */
};

/* Each notes what is wrong in the row in hand, and returns -1.  `place`: the column's index + 1, as in
 * place[]; 0 = the row as a whole. */
#define csv_fail(c, place, name, ...) csv_fail_phrase((c), (place), PHRASE_AND_VALUES(name, __VA_ARGS__))
int csv_fail_phrase(struct csv_intake *, size_t place, enum phrase, const char *const *values);
/* The same with what somebody else found. */
int csv_fail_so(struct csv_intake *, size_t place, const struct err *bad);
/* The same of a column that is not there, by its name. */
#define csv_lacks(c, title, name, ...) csv_lacks_phrase((c), (title), PHRASE_AND_VALUES(name, __VA_ARGS__))
int csv_lacks_phrase(struct csv_intake *, const char *title, enum phrase, const char *const *values);
/* The same, and what follows in the file is not looked at. */
#define csv_stop(c, name, ...) ((c)->stopped = true, csv_fail((c), 0, name, __VA_ARGS__))
/* Borrowed, until the next row; "" if absent. */
const char *csv_cell(const struct csv_intake *, size_t place);
const char *csv_field(const struct csv_intake *, enum csv_column);
/* How many cells of the row in hand are names of columns that a list of this kind has. */
unsigned csv_rows_titles(const struct csv_intake *);
void csv_rows_header(struct csv_intake *);
void csv_rows_row(struct csv_intake *);		/* a row may have been added */

#endif
