/* answer.h -- what a provider's answer, or its silence, means for the messages of a request. */
#ifndef GONG_HTTP_ANSWER_H
#define GONG_HTTP_ANSWER_H

#include "drivers/http/profile.h"
#include "drivers/http/transfer.h"

struct judgement {
	enum verdict verdict;
	enum reject class;
	bool unlisted;			/* a refusal the profile does not know */
	bool unreachable;		/* the provider did not answer at all */
	unsigned parts;			/* that the answer spoke of; 0 = it did not */
	char ref[65];			/* "" = none */
	char reason[400];		/* a phrase as a value; "" only when accepted */
};

/* Calls `judged` once for all items, or once for each where the answer speaks of each. */
typedef void (*answer_judged)(void *ctx, struct item **, size_t count, struct judgement *);
void answer_judge(const struct profile *, const struct operation *, const struct transfer_result *,
		  struct item **, size_t count, answer_judged judged, void *ctx);
/* The answer to a question: its body as the operation's pointers read it (a new reference), or
 * NULL with the reason in `out`. */
json_t *answer_read(const struct profile *, const struct operation *,
		    const struct transfer_result *, struct judgement *out);

/* Drops the character that a cut has left half: it would be bad UTF-8 on the wire. */
void answer_trim(char *text);

#endif
