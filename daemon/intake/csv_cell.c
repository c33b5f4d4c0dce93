/* csv_cell.c -- the cells of the row in hand, and the faults found in them; it knows neither bytes
 * nor meanings. */
#include "daemon/intake/csv.h"

#include <stdio.h>

/* By its title, or by the letter that a spreadsheet gives it. */
static struct about
about_cell(const struct csv_intake *c, size_t place)
{
	const char *title = place && place <= c->columns ? c->title[place - 1] : "";
	char letter[3];

	if (!place || *title)
		return about_row(c->cells.row, title);
	if (place <= 26)
		snprintf(letter, sizeof(letter), "%c", (char)('A' + place - 1));
	else
		snprintf(letter, sizeof(letter), "%c%c", (char)('A' + (place - 1) / 26 - 1),
			 (char)('A' + (place - 1) % 26));
	return about_row(c->cells.row, letter);
}

int
csv_fail_phrase(struct csv_intake *c, size_t place, enum phrase phrase, const char *const *values)
{
	return faults_say_phrase(&c->request->faults, about_cell(c, place), csv_cell(c, place), phrase,
				 values);
}

int
csv_fail_so(struct csv_intake *c, size_t place, const struct err *bad)
{
	return faults_add(&c->request->faults, about_cell(c, place), csv_cell(c, place), &bad->said);
}

int
csv_lacks_phrase(struct csv_intake *c, const char *title, enum phrase phrase, const char *const *values)
{
	return faults_say_phrase(&c->request->faults, about_row(c->cells.row, title), NULL, phrase, values);
}

const char *
csv_cell(const struct csv_intake *c, size_t place)
{
	return place && place <= c->cells.count ? c->cells.bytes.data + c->cells.at[place - 1] : "";
}

const char *
csv_field(const struct csv_intake *c, enum csv_column column)
{
	return csv_cell(c, c->place[column]);
}
