/* faults.h -- everything that is wrong with a file, row by row, so that whoever made it mends it in
 * one go.  The first FAULTS_LISTED by their rows are kept, the others counted. */
#ifndef GONG_FAULTS_H
#define GONG_FAULTS_H

#include "core/err.h"

#define FAULTS_LISTED 100
#define FAULT_VALUE 120

struct fault {
	struct about about;		/* a row, and the title of a column; "" = the row as a whole */
	char value[FAULT_VALUE];	/* what stands there, as text_show writes it; "" = nothing */
	struct said said;		/* the reason, and how to mend it */
};

struct faults {				/* all zero = none */
	struct fault *list;		/* by row; within one, as they were noted */
	size_t count;			/* of the list */
	size_t total;			/* of all that were noted */
};

/* Notes one; `value` may be NULL.  Returns -1, so that a check can end with it. */
int faults_add(struct faults *, struct about, const char *value, const struct said *);
#define faults_say(faults, about, value, name, ...) \
	faults_say_phrase((faults), (about), (value), PHRASE_AND_VALUES(name, __VA_ARGS__))
int faults_say_phrase(struct faults *, struct about, const char *value, enum phrase,
		      const char *const *values);
/* The first of them as the refusal of the whole; there must be one. */
void faults_err(const struct faults *, struct err *);
void faults_fini(struct faults *);

#endif
