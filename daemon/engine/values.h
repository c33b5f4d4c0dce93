/* values.h -- what a parameter of a text says to one reader, in one language, on one channel.
 * Part of floor 1; only text.c includes it. */
#ifndef GONG_ENGINE_VALUES_H
#define GONG_ENGINE_VALUES_H

#include <jansson.h>

#include "daemon/engine/ground.h"

#define VOICE_NAMES 8			/* that anybody keeps in mind when they are read out */
#define NAMES_MAX 128			/* more do not fit into three parts */

struct place_row {			/* a division as the list has it, once needed */
	json_t *columns;
	char name[128];
	bool is_read;
};

struct values {
	struct engine *e;
	const struct text_place *place;
	enum lang lang;
	enum channel channel;
	size_t places_shown, names_shown;	/* the others are only counted; 0 = all */
	struct place_row *rows;		/* one for each of the reader's places, or for none */
	char **names;			/* of what is silent, once asked for */
	size_t name_count;
	bool named;
	struct buf text;		/* the last value that had to be put together */
};

void values_init(struct values *, struct engine *, const struct text_place *, enum lang, enum channel);
void values_fini(struct values *);
/* NULL: there is none.  Borrowed until the next call. */
const char *value_lookup(void *values, const char *name);
const char *value_of(struct values *, const struct param *);	/* without the parameter's default */
/* A parameter of one of the reader's places. */
const char *value_of_place(struct values *, size_t place, const char *name);
bool value_is_place(const struct param *);	/* the reader's places themselves */
size_t values_silent(struct values *);		/* how many of them can be named */

#endif
