/* alarm.h -- floor 8 of the engine: what is wrong with a route, told once. */
#ifndef GONG_ENGINE_ALARM_H
#define GONG_ENGINE_ALARM_H

#include "daemon/engine/accept.h"

/* A task for the desk and a message to the duty officer, unless it stands already.  `own`: gong
 * found it; otherwise the route's driver named it.  `text` is "中文 / English". */
void engine_alarm_raise(struct engine *, struct route_state *, bool own, const char *name,
			const char *text);
void engine_alarm_end(struct engine *, struct route_state *, bool own, const char *name);
void engine_alarms_load(struct engine *);
void engine_alarms_due(struct engine *);
msec engine_alarms_next(const struct engine *);
void engine_alarms_shift(struct engine *, msec by);
void engine_health(struct engine *, struct command *);
void engine_chatty(struct engine *, struct command *);
void engine_health_load(struct engine *, struct route_state *);
void engine_route_is_ready(struct engine *, struct route_state *);
void engine_route_is_down(struct engine *, struct route_state *, const char *reason,
			  bool for_good);
void engine_route_works(struct engine *, struct route_state *);	/* it accepted one: no more pause */

#endif
