/* alarm.h -- floor 8 of the engine: what is wrong with a route, told once (docs/alarms.md). */
#ifndef GONG_ENGINE_ALARM_H
#define GONG_ENGINE_ALARM_H

#include "daemon/engine/accept.h"

/* -- alarm.c: the life of an alarm -- */

/* Its cause is there: a task for the desk and a message to the duty officer, unless it stands
 * already.  `own`: gong found it; otherwise the route's driver named it.
 * false: the driver has named too many, nothing was done. */
bool engine_alarm_raise(struct engine *, struct route_state *, bool own, const char *name,
			const struct said *);
/* Its cause is gone: it ends, at once or, when it came often lately, after a while without it. */
void engine_alarm_over(struct engine *, struct route_state *, bool own, const char *name);
/* gong's own, of what is noticed by events: it stands until none came for 10 minutes. */
void engine_alarm_again(struct engine *, struct route_state *, const char *name,
			const struct said *);
/* gong's own request goes to whoever has the duty in each county: its key, template, severity and values
 * are the caller's.  The alert; 0: err says why nobody is told, and nothing was written. */
int64_t engine_tell_duty(struct engine *, struct alert_request *, struct err *);
/* One message to the duty officer about gongd itself. */
void engine_alarm_gong(struct engine *, const char *name, const struct said *);
/* The same about something else that is no route; the alert that tells it, 0 = nobody can be told. */
int64_t engine_alarm_tell(struct engine *, const char *subject, const char *name, const struct said *);
/* What is still queued of such a notice when the trouble is over would only confuse. */
void engine_alarm_withdraw(struct engine *, int64_t notice);
void engine_alarms_fade(struct engine *);	/* ends those whose time has come */
void engine_alarms_recount(struct engine *);	/* which ones stand, from the store */
/* Alarms of routes that are not among the engine's any more end, and their tasks close with a note;
 * such a route begins anew when it comes back.  At the start, and after a reload took some away. */
void engine_alarms_gone(struct engine *);
/* As much as fits, in one line, never cut inside a character. */
void engine_alarm_clip(char *out, size_t size, const char *text);

/* -- health.c -- */

void engine_health(struct engine *, struct command *);
void engine_chatty(struct engine *, struct command *);	/* it tells more than it may, or no more */
void engine_health_load(struct engine *, struct route_state *);

/* -- outage.c: is it there, does it work -- */

void engine_outage_open(struct engine *, struct route_state *);	/* a start, or a new route */
void engine_route_is_ready(struct engine *, struct route_state *);
/* `reason`: words, or a phrase as a value (core/phrase.h); here and below. */
void engine_route_is_down(struct engine *, struct route_state *, const char *reason,
			  bool for_good);
/* Its network took one, or said that there is no such number. */
void engine_route_worked(struct engine *, struct route_state *);
void engine_route_refused(struct engine *, struct route_state *, const char *reason);	/* not now */
void engine_route_moved(struct engine *, struct route_state *);	/* a word about what is in hand */
void engine_route_works(struct engine *, struct route_state *);	/* it accepted one: no pause */
/* The row of all alarms in the table of due things. */
void engine_alarms_load(struct engine *);
void engine_alarms_due(struct engine *);
msec engine_alarms_next(const struct engine *);
void engine_alarms_shift(struct engine *, msec by);

#endif
