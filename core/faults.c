/* faults.c -- keeps the faults of a file in the order of its rows. */
#include "core/faults.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/unicode.h"

int
faults_add(struct faults *f, struct about about, const char *value, const struct said *said)
{
	size_t at = f->count;

	f->total++;
	while (at && f->list[at - 1].about.index > about.index)
		at--;
	if (at == FAULTS_LISTED)
		return -1;
	if (!f->list)
		f->list = xmalloc(FAULTS_LISTED * sizeof(*f->list));
	if (f->count < FAULTS_LISTED)
		f->count++;
	memmove(&f->list[at + 1], &f->list[at], (f->count - 1 - at) * sizeof(*f->list));
	f->list[at] = (struct fault){ .about = about, .said = *said };
	text_show(f->list[at].value, FAULT_VALUE, value ? value : "");
	return -1;
}

int
faults_say_phrase(struct faults *f, struct about about, const char *value, enum phrase phrase,
		  const char *const *values)
{
	struct said said;

	said_fill(&said, phrase, values);
	return faults_add(f, about, value, &said);
}

void
faults_err(const struct faults *f, struct err *err)
{
	const char *values[PHRASE_VALUES_MAX] = { NULL };
	const struct fault *first = &f->list[0];

	assert(f->count);
	for (unsigned i = 0; i < phrase_arity(first->said.phrase); i++)
		values[i] = said_value(&first->said, i);
	err_say_phrase(err, REFUSED_INVALID, first->about, first->said.phrase, values);
}

void
faults_fini(struct faults *f)
{
	free(f->list);
	*f = (struct faults){ 0 };
}
