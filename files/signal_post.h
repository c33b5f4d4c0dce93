/* signal_post.h -- what one post of a source held: its signals, and what of it cannot be meant.
 * A parser fills it, the engine keeps all of it in one commit.  Owns what it points to. */
#ifndef GONG_SIGNAL_POST_H
#define GONG_SIGNAL_POST_H

#include "core/phrase.h"
#include "core/signal.h"

#define SIGNAL_POST_MAX 1000		/* signals of one post; more are refused as too large */

struct signal_fault {			/* this one can never be meant: it is kept, as refused */
	size_t index;			/* of the signal */
	struct said why;
};

struct signal_post {
	struct signal *signals;
	size_t count;
	struct signal_fault *faults;	/* ascending by index, at most one a signal */
	size_t fault_count;
	struct said *problem;		/* of the post as a whole, a task for the desk; NULL = none */
};

/* One more, an empty one, borrowed until the next; NULL: it is full. */
struct signal *signal_post_add(struct signal_post *);
/* The last one added cannot be meant. */
void signal_post_fault(struct signal_post *, const struct said *why);
void signal_post_fini(struct signal_post *);

#endif
