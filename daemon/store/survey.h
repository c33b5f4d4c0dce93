/* survey.h -- what gongd --check asks the store.  It is opened to be read, whether a gongd runs on it or
 * not; nothing is written to it, and no file is left beside it. */
#ifndef GONG_SURVEY_H
#define GONG_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/division.h"
#include "core/err.h"
#include "core/msec.h"

struct survey;

/* -1: it cannot be read, and err says why. */
int survey_open(struct survey **out, const char *path, struct err *);
void survey_close(struct survey *);
/* Trouble with the disk makes what is below 0; this tells. */
bool survey_failed(const struct survey *);
msec survey_last_instant(struct survey *);	/* committed last; 0 = none */
size_t survey_people(struct survey *);		/* active ones */
bool survey_has_places(struct survey *, enum tier);
/* How many hold one of the roles anywhere, or will be on duty in it after `now`, each counted once. */
size_t survey_holders(struct survey *, const char *const *roles, size_t count, msec now);
/* Parts a second that forecasts reckon with for a route; 0 = not measured. */
double survey_pace(struct survey *, const char *route);
/* Every duty that was ever on a roster: the first instant of [from, until) at which nobody is on it, NEVER
 * when there is none.  `role` is valid during the call only. */
typedef void (*survey_duty_fn)(void *ctx, const char *role, division_code, const char *place, msec gap_at);
void survey_duties(struct survey *, msec from, msec until, survey_duty_fn, void *ctx);

#endif
