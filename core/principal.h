/* principal.h -- who asks, and for what: attached to every command at the door, and stored with
 * what it caused.  What a principal may do is daemon/settings/rights.h.  A value that nobody filled is nobody, and
 * nobody may do nothing. */
#ifndef GONG_PRINCIPAL_H
#define GONG_PRINCIPAL_H

#include <stdint.h>

#define PRINCIPAL_NAME 96

enum principal_kind {
	PRINCIPAL_NOBODY,
	PRINCIPAL_CLIENT,		/* a machine, by the token that gong.conf has for it */
	PRINCIPAL_PERSON,		/* by a session of the console; there are none yet */
	PRINCIPAL_USER,			/* a local user, by the unix socket's peer */
	PRINCIPAL_ROUTE,		/* a driver, of itself and of the network behind it */
	PRINCIPAL_SOURCE,		/* another system's signal, by the source's credentials */
	PRINCIPAL_GONG			/* gong itself: its clock, its settings, its own notices */
};

struct principal {
	enum principal_kind kind;
	uint32_t uid;			/* of a USER */
	char name[PRINCIPAL_NAME];	/* as the books have it: "rain-gauges", "socket:0", "gong" */
};

/* Name, and the word in `may` of gong.conf that gives it to a client ("" = none does). */
#define VERBS(V) \
	V(READ, "read", "read") \
	V(SEND, "send", "send")		/* accept an alert or a callout, replace one */ \
	V(CANCEL, "cancel", "send") \
	V(ACK, "ack", "send")		/* enter an answer for somebody */ \
	V(INBOX, "inbox", "send")	/* decide what a text that came in is, write back */ \
	V(TASK, "task", "send")		/* take a task, write to it, close it */ \
	V(PEOPLE, "people", "import")	/* divisions, contacts, posts */ \
	V(ROSTER, "roster", "import") \
	V(ROUTES, "routes", "operate")	/* ask a route, bring it back */ \
	V(REPORT, "report", "")		/* what a driver says of itself and of the network */ \
	V(SIGNAL, "signal", "")		/* what another system says */ \
	V(RUN, "run", "")		/* the clock, the settings */
enum verb {
#define V(name, text, word) VERB_##name,
	VERBS(V)
#undef V
	VERB_COUNT
};

#endif
