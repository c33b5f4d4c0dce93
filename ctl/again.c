/* again.c -- looking again and again: until a signal or a key says stop, and what is said while gongd is
 * away. */
#include "ctl/ctl.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t stopped;

static void
on_stop(int signal_number)
{
	stopped = 1;
}

void
again_begin(void)
{
	struct sigaction action = { .sa_handler = on_stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool
again_wanted(void)
{
	return !stopped;
}

void
again_stop(void)
{
	stopped = 1;
}

void
again_wait(msec ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

void
again_put_lost(const struct ctl *ctl, msec since, struct buf *out)
{
	char text[HUMAN];

	buf_printf(out,
		   say(ctl, "gongd is not reachable at %s for %s; trying again\n",
		       "gongd(%s)已 %s 无法连接;正在重试\n"),
		   ctl->socket, duration_text(ctl, text, now_ms() - since));
}
