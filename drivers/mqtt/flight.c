/* flight.c -- what stands in flight.h. */
#include "drivers/mqtt/flight.h"

#include <assert.h>

bool
flight_is_full(const struct flight *f)
{
	return f->count == FLIGHT_MAX;
}

void
flight_add(struct flight *f, uint16_t id, uint64_t event)
{
	size_t at = (f->first + f->count) % FLIGHT_MAX;

	assert(!flight_is_full(f));
	f->all[at].id = id;
	f->all[at].event = event;
	f->all[at].is_taken = event == FLIGHT_TAKEN;
	f->count++;
}

bool
flight_took(struct flight *f, uint64_t event)
{
	bool found = false;

	for (size_t i = 0; i < f->count; i++) {
		size_t at = (f->first + i) % FLIGHT_MAX;

		if (f->all[at].event == event)
			found = f->all[at].is_taken = true;
	}
	return found;
}

int
flight_next(struct flight *f)
{
	while (f->count && f->all[f->first].is_taken) {
		uint16_t id = f->all[f->first].id;

		f->first = (f->first + 1) % FLIGHT_MAX;
		f->count--;
		if (id)
			return id;
	}
	return -1;
}
