/* message_state.c -- the table of a message's life. */
#include "core/message_state.h"

#include <assert.h>
#include <string.h>

static const char *const state_names[] = {
#define X(name, text) text,
	MESSAGE_STATES(X)
#undef X
};

static const char *const event_names[] = {
#define X(name, text) text,
	MESSAGE_EVENTS(X)
#undef X
};

const char *
message_state_name(enum message_state state)
{
	return state_names[state];
}

const char *
message_event_name(enum message_event event)
{
	return event_names[event];
}

int
message_state_parse(const char *word)
{
	for (int i = 0; i < MESSAGE_STATE_COUNT; i++)
		if (strcmp(state_names[i], word) == 0)
			return i;
	return -1;
}

#define Q MESSAGE_QUEUED
#define S MESSAGE_SENDING
#define T MESSAGE_SENT
#define D MESSAGE_DELIVERED
#define F MESSAGE_FAILED
#define E MESSAGE_EXPIRED
#define W MESSAGE_WITHDRAWN
#define U MESSAGE_UNCERTAIN

/* Withdraw and expire leave `sending` alone: what is with a driver ends as the driver says, and
 * the engine does not send it again.  Delivered wins from everywhere: the person has it. */
static const unsigned char table[MESSAGE_EVENT_COUNT][MESSAGE_STATE_COUNT] = {
	/*                            queued sending sent deliv failed expired withdr uncert */
	[MESSAGE_ON_CLAIM] =             { S, S, T, D, F, E, W, U },
	[MESSAGE_ON_ACCEPTED] =          { Q, T, T, D, F, T, T, T },
	[MESSAGE_ON_UNKNOWN] =           { U, U, T, D, F, E, W, U },
	[MESSAGE_ON_UNKNOWN_RESEND] =    { Q, Q, T, D, F, E, W, U },
	[MESSAGE_ON_NOT_WRITTEN] =       { Q, Q, T, D, F, E, W, U },
	[MESSAGE_ON_RETRY] =             { Q, Q, T, D, F, E, W, U },
	[MESSAGE_ON_REFUSED] =           { F, F, T, D, F, E, W, U },
	[MESSAGE_ON_GIVEN_BACK] =        { Q, W, T, D, F, E, W, U },
	[MESSAGE_ON_RECEIPT_DELIVERED] = { D, D, D, D, D, D, D, D },
	[MESSAGE_ON_RECEIPT_FAILED] =    { Q, S, F, D, F, E, W, F },
	[MESSAGE_ON_EXPIRE] =            { E, S, T, D, F, E, W, E },
	[MESSAGE_ON_WITHDRAW] =          { W, S, T, D, F, E, W, U },
};

enum message_state
message_next(enum message_state state, enum message_event event)
{
	assert(state < MESSAGE_STATE_COUNT && event < MESSAGE_EVENT_COUNT);
	return (enum message_state)table[event][state];
}

bool
message_is_final(enum message_state state)
{
	return state == F || state == E || state == W || state == D;
}

bool
message_is_reached(enum message_state state)
{
	return state == T || state == D || state == U;
}
