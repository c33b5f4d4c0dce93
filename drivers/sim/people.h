/* people.h -- the scripted people behind the simulated numbers (docs/sim-driver.md).
 * One line a rule, first match wins:
 *   NUMBER|PREFIX* sms   DELAY_MS TEXT|-                                   [xN] [after N]
 *   NUMBER|PREFIX* voice RING_MS busy|no_answer|reject|answer [KEYS AFTER_MS] [xN] [after N]
 * `xN` ends a rule after the N-th message or call to that number, `after N` begins it there. */
#ifndef GONG_SIM_PEOPLE_H
#define GONG_SIM_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/msec.h"
#include "core/words.h"

enum pick_up { PICK_NO_ANSWER, PICK_BUSY, PICK_REJECT, PICK_ANSWER };

#define KEYS_TEXT 16

struct rule {
	enum channel channel;
	msec delay_ms;			/* of the reply; or how long it rings */
	char *text;			/* SMS: NULL = silent */
	enum pick_up pick_up;
	char keys[KEYS_TEXT];
	msec keys_after_ms;		/* from picking up */
	unsigned until, after;		/* 0 = no limit; counted per number and channel */
};

struct people;

/* -1: err->text is "file:line: what". */
int people_open(struct people **out, const char *path, struct err *);
/* Re-reads the file when it has changed; a faulty file leaves the old rules and fills err. */
int people_refresh(struct people *, struct err *);
/* Counts this message or call to `number` ("+…") and gives the rule that answers it, or NULL;
 * valid until the next people_refresh. */
const struct rule *people_meet(struct people *, const char *number, enum channel);
void people_close(struct people *);

const char *pick_up_name(enum pick_up);		/* as the protocol's call outcome */
int pick_up_parse(const char *word);		/* as the file says it; -1 */

#endif
