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
	COLUMN_NONE, COLUMN_CODE, COLUMN_NAME, COLUMN_LEVEL, COLUMN_PARENT, COLUMN_PARAM,
	COLUMN_REF, COLUMN_PHONE, COLUMN_PHONE2, COLUMN_PHONE3, COLUMN_PHONE4, COLUMN_ROLE,
	COLUMN_DIVISION, COLUMN_ORDER, COLUMN_LANG, COLUMN_VOICE, COLUMN_SMS, COLUMN_ACTIVE,
	COLUMN_FROM, COLUMN_TO, COLUMN_COUNT
};

struct csv_intake {
	enum import_kind kind;
	struct settings *settings;
	struct import_request *request;
	size_t cap;
	struct err err;
	bool failed;
	/* bytes -> lines -> fields */
	struct csv_parser parser;
	struct buf head;		/* until the encoding is decided */
	struct buf part;		/* of a line */
	struct buf text;		/* a converted line */
	bool decided, finished;
	iconv_t gbk;			/* (iconv_t)-1 = the file is UTF-8 */
	unsigned line, row_line;
	/* the row being read */
	struct buf row;			/* its fields, each with its NUL */
	size_t field[CSV_COLUMNS_MAX];
	size_t fields;
	/* the first row */
	bool have_header;
	size_t columns;
	enum csv_column column[CSV_COLUMNS_MAX];
	char *title[CSV_COLUMNS_MAX];
	size_t place[COLUMN_COUNT];	/* column's index + 1; 0 = not in the file */
	struct table first;		/* hash of a ref -> index of its first row + 1 */
};

/* Notes the first fault of the file at the row in hand, later ones are left out; NULL = no column.
 * Returns -1. */
/* Notes what is wrong with the row in hand and returns -1; only the first fault counts.  `column`
 * by its title, NULL = the row as a whole. */
#define csv_fail(c, column, name, ...) \
	csv_fail_phrase((c), (column), PHRASE_AND_VALUES(name, __VA_ARGS__))
int csv_fail_phrase(struct csv_intake *, const char *column, enum phrase,
		    const char *const *values);
/* The same with what somebody else found. */
int csv_fail_so(struct csv_intake *, const char *column, const struct err *bad);
/* Borrowed, until the next row; "" if absent. */
const char *csv_field(const struct csv_intake *, enum csv_column);
int csv_rows_header(struct csv_intake *);	/* -1 = a fault is noted */
int csv_rows_row(struct csv_intake *);		/* the same; else a row may have been added */

#endif
