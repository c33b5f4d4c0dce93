/* formats.c -- the table of formats. */
#include "daemon/intake/formats/formats.h"

#include <string.h>

static const struct format rows[] = {
	{ "json", format_json, true, false },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

const struct format *
format_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

const struct format *
format_named(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}
