/* flight.h -- what a server has sent and we have not acknowledged yet.  Messages are told to gongd in
 * events of many; when gongd has taken one, those of it are acknowledged, but in the order in which the
 * server sent them (MQTT 3.1.1, 4.6), so behind what is older and not yet taken.  Pure. */
#ifndef GONG_MQTT_FLIGHT_H
#define GONG_MQTT_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLIGHT_MAX 64			/* then nothing more is read */

struct flight {
	struct {
		uint16_t id;		/* 0 = QoS 0, it wants no acknowledgement */
		uint64_t event;
		bool is_taken;
	} all[FLIGHT_MAX];		/* a ring */
	size_t first, count;
};

bool flight_is_full(const struct flight *);
#define FLIGHT_TAKEN 0			/* the event of what nothing is told of */
void flight_add(struct flight *, uint16_t id, uint64_t event);		/* must not be full */
/* gongd has all of that event.  false: none of it is here (the connection was another). */
bool flight_took(struct flight *, uint64_t event);
/* The next to be acknowledged, which is none of ours from then on; -1: none yet. */
int flight_next(struct flight *);

#endif
