/* leave.c -- may a driver that closes go home: is nothing under way any more? */
#include "drivers/http/http.h"

void
leave_when_idle(struct http *h)
{
	if (!h->closing || h->left || transfers_running(h->transfers) || !TAILQ_EMPTY(&h->doubts.list) ||
	    !TAILQ_EMPTY(&h->calls.list) || !TAILQ_EMPTY(&h->tests.list) || h->pulls[0].fetching ||
	    h->pulls[1].fetching)
		return;
	h->left = true;
	event_active(&h->leave, EV_TIMEOUT, 0);	/* not under the feet of a transfer's callback */
}
