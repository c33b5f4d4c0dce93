/* receipts.h -- which message a modem's 8-bit reference belongs to, while this process lives.
 * A long message is delivered when all its parts are, and failed when one is.  What was sent
 * before a restart is not known here: then the bare reference goes up and gongd matches it. */
#ifndef GONG_MODEM_RECEIPTS_H
#define GONG_MODEM_RECEIPTS_H

#include <stdbool.h>

#define RECEIPTS_KEPT 256		/* an 8-bit reference cannot tell more apart */

struct receipts {
	struct sent_message {
		char id[32], to[24];
		unsigned char refs[32], last_ref;
		unsigned expected;	/* parts this attempt sends */
		unsigned parts, delivered;	/* accepted so far; bit set of refs[] */
		bool settled;
	} ring[RECEIPTS_KEPT];
	unsigned next;
};

/* A message begins to leave in `expected` parts; then each part accepted. */
void receipts_begin(struct receipts *, const char *id, const char *to, unsigned expected);
void receipts_part(struct receipts *, unsigned ref);
/* A report (state as in the driver protocol).  Returns whether there is something to say;
 * *message is NULL when the reference is not known. */
bool receipts_settle(struct receipts *, const char *to, unsigned ref, const char *state,
		     const struct sent_message **message);

#endif
