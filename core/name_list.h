/* name_list.h -- names of places or persons in one text: 清东湾村、长塘村等12处, "Tang, Lin and 9 more".
 * Written by one rule, so that whoever has less room can cut what another has written. */
#ifndef GONG_NAME_LIST_H
#define GONG_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/words.h"

/* Is a parameter of this name one place or a list of them: place, places, area, area_…? */
bool name_is_place(const char *param);

/* One more name behind those that stand in `list`. */
void name_list_add(struct buf *list, enum lang, const char *name);

/* How many there are when only `shown` of `all` stand there: 等12处 (or 人, persons) counts all of them,
 * "and 9 more" the rest.  Nothing where all are shown. */
void name_list_rest(struct buf *list, enum lang, size_t shown, unsigned long all, bool persons);

/* Appends `list`, which name_list_add and _rest wrote, with as many names as fit into `max` characters, and
 * how many there are.  False: not even its first name fits, nothing is appended. */
bool name_list_cut(struct buf *out, const char *list, size_t max);

#endif
