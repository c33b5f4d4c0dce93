/* signal_post.c -- the list that a parser fills. */
#include "files/signal_post.h"

#include <stdlib.h>

#include "core/buf.h"

struct signal *
signal_post_add(struct signal_post *p)
{
	if (p->count == SIGNAL_POST_MAX)
		return NULL;
	p->signals = xrealloc(p->signals, (p->count + 1) * sizeof(*p->signals));
	signal_init(&p->signals[p->count]);
	return &p->signals[p->count++];
}

void
signal_post_fault(struct signal_post *p, const struct said *why)
{
	if (p->fault_count && p->faults[p->fault_count - 1].index == p->count - 1)
		return;			/* the first reason is the one to mend */
	p->faults = xrealloc(p->faults, (p->fault_count + 1) * sizeof(*p->faults));
	p->faults[p->fault_count++] = (struct signal_fault){ p->count - 1, *why };
}

void
signal_post_fini(struct signal_post *p)
{
	signals_free(p->signals, p->count);
	free(p->faults);
	free(p->problem);
	*p = (struct signal_post){ 0 };
}
