/* csv_cell.c -- the cells of the row in hand, and the first fault found in one; it knows neither
 * bytes nor meanings. */
#include "daemon/intake/csv.h"

int
csv_fail_phrase(struct csv_intake *c, const char *column, enum phrase phrase,
		const char *const *values)
{
	if (c->failed)
		return -1;		/* the first fault is the one to mend */
	c->failed = true;
	return err_say_phrase(&c->err, REFUSED_INVALID, about_row(c->row_line, column), phrase, values);
}

int
csv_fail_so(struct csv_intake *c, const char *column, const struct err *bad)
{
	if (c->failed)
		return -1;
	c->failed = true;
	c->err = *bad;
	return err_about(&c->err, about_row(c->row_line, column));
}

const char *
csv_field(const struct csv_intake *c, enum csv_column column)
{
	size_t place = c->place[column];

	return place && place <= c->fields ? c->row.data + c->field[place - 1] : "";
}
