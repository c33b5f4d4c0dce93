/* chance.h -- repeatable chance: splitmix64, so that a seed tells a whole night. */
#ifndef GONG_NIGHTS_CHANCE_H
#define GONG_NIGHTS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t
chance_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline unsigned
chance_below(uint64_t *state, unsigned n)
{
	return n ? (unsigned)(chance_next(state) % n) : 0;
}

static inline bool
chance_percent(uint64_t *state, double percent)
{
	return (double)(chance_next(state) >> 11) / 9007199254740992.0 * 100 < percent;
}

static inline int64_t
chance_between(uint64_t *state, int64_t low, int64_t high)
{
	return high <= low ? low : low + (int64_t)(chance_next(state) % (uint64_t)(high - low + 1));
}

#endif
