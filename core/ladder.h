/* ladder.h -- who is called next, and when.
 * A ladder climbs until its targets are satisfied or it runs out of steps.  Pure: no clock, no
 * I/O, no allocation.  The caller asks again at the instant named in `ask_at`. */
#ifndef GONG_LADDER_H
#define GONG_LADDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/msec.h"
#include "core/words.h"

struct ladder_step {
	msec after_ms;			/* from the release, never from the step before */
	int below;			/* applies to targets still under this level */
};

struct ladder_view {
	const struct ladder_step *steps;	/* borrowed, ascending by after_ms */
	size_t count;
	msec released_at;		/* Unix ms; every step counts from here */
	int until;			/* level that satisfies a target */
};

struct ladder_progress {
	size_t next;			/* first step not yet taken */
	size_t targets;			/* how many targets there are */
	size_t at_level[LEVEL_COUNT];	/* how many stand at each level */
	bool hurry;			/* somebody said "cannot": take the next step now */
};

enum ladder_verdict { LADDER_WAIT, LADDER_CLIMB, LADDER_SKIP, LADDER_SATISFIED,
		      LADDER_EXHAUSTED };

struct ladder_decision {
	enum ladder_verdict verdict;
	size_t step;			/* valid for CLIMB and SKIP (nobody below its level) */
	msec ask_at;			/* NEVER once final */
};

/* An alert without targets (a broadcast) climbs every step and is EXHAUSTED after the last. */
struct ladder_decision ladder_next(const struct ladder_view *, const struct ladder_progress *,
				   msec now);

#endif
