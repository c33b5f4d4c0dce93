/* say.c -- what the log hears of a child that fetches; one that misbehaves does not fill it. */
#include "daemon/fetchers/internal.h"

#define LOG_PER_S 0.2
#define LOG_BURST 10

void
say_init(struct fetcher *f)
{
	f->log = (struct pace_bucket){ LOG_PER_S, LOG_BURST, LOG_BURST, f->all->ports.now(f->all->ports.ctx) };
}

bool
say_may(struct fetcher *f)
{
	return pace_bucket_take(&f->log, 1, f->all->ports.now(f->all->ports.ctx));
}
