/* message_state.h -- the one table that says how a message's state moves.
 * Pure.  docs/uncertain.md explains the decided cells. */
#ifndef GONG_MESSAGE_STATE_H
#define GONG_MESSAGE_STATE_H

#include <stdbool.h>

/* Values are stored: append only. */
#define MESSAGE_STATES(X) \
	X(QUEUED, "queued") X(SENDING, "sending") X(SENT, "sent") X(DELIVERED, "delivered") \
	X(FAILED, "failed") X(EXPIRED, "expired") X(WITHDRAWN, "withdrawn") \
	X(UNCERTAIN, "uncertain")

#define MESSAGE_EVENTS(X) \
	X(CLAIM, "handed to a route") \
	X(ACCEPTED, "the route accepted it") \
	X(UNKNOWN, "nobody knows whether it left; hold") \
	X(UNKNOWN_RESEND, "nobody knows whether it left; send again") \
	X(NOT_WRITTEN, "never written to the driver") \
	X(RETRY, "refused for now, or by this route or number only") \
	X(REFUSED, "refused for good") \
	X(GIVEN_BACK, "withdrawn by the driver before it left") \
	X(RECEIPT_DELIVERED, "network receipt: delivered (any attempt)") \
	X(RECEIPT_FAILED, "network receipt: failed (current attempt)") \
	X(EXPIRE, "its validity ended") \
	X(WITHDRAW, "cancelled, replaced or no longer needed")

enum message_state {
#define X(name, text) MESSAGE_##name,
	MESSAGE_STATES(X)
#undef X
	MESSAGE_STATE_COUNT
};

enum message_event {
#define X(name, text) MESSAGE_ON_##name,
	MESSAGE_EVENTS(X)
#undef X
	MESSAGE_EVENT_COUNT
};

const char *message_state_name(enum message_state);
const char *message_event_name(enum message_event);
int message_state_parse(const char *word);

/* The state after `event`.  An event that changes nothing gives `state` back. */
enum message_state message_next(enum message_state, enum message_event);
/* failed, expired, withdrawn, delivered: nothing more will be sent for it */
bool message_is_final(enum message_state);
/* sent, delivered, uncertain: the person may have it in hand (domain: reached) */
bool message_is_reached(enum message_state);

#endif
