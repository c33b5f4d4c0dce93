/* xlsx_parts.h -- inside the reader of workbooks: the parts of the archive as XML, element by element,
 * within their caps.  From the ground: numbers (xlsx_number.c), parts (xlsx_parts.c), the book's strings
 * and styles (xlsx_book.c), a sheet (xlsx.c). */
#ifndef GONG_XLSX_PARTS_H
#define GONG_XLSX_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

struct xlsx_parts;

/* `bytes` are borrowed until it is closed. */
int xlsx_parts_open(struct xlsx_parts **out, const void *bytes, size_t len, struct err *);
void xlsx_parts_close(struct xlsx_parts *);
bool xlsx_parts_have(const struct xlsx_parts *, const char *name);

/* Names come without their namespace's prefix; attributes as name and value in turn, NULL ends. */
struct xlsx_reader {
	void *ctx;
	int (*begin)(void *ctx, const char *name, const char **attributes, struct err *);	/* -1 stops */
	int (*end)(void *ctx, const char *name, struct err *);
	int (*text)(void *ctx, const char *text, size_t len, struct err *);
};
int xlsx_parts_read(struct xlsx_parts *, const char *name, const struct xlsx_reader *, struct err *);
/* The attribute's value by its name without prefix, or NULL. */
const char *xlsx_attribute(const char **attributes, const char *name);

/* A cell's number as a person reads it: 1.39E10 is 13900000000, 4.0999999999999996 is 4.1.  Beyond 15
 * digits they are lost, and 1.2345678901234568E+17 says so. */
void xlsx_number_text(struct buf *out, const char *raw);
/* The same as a date, "2026-12-01", with " 08:00" where `timed`, or as a time of the day. */
void xlsx_date_text(struct buf *out, const char *raw, bool dated, bool timed, bool since_1904);

#endif
