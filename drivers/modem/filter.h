/* filter.h -- what of the modem's talk reaches libGammu.
 * libGammu 1.42 stalls for 19 s, or loses the reply, on an unsolicited line it does not know; so
 * such lines are dropped here, and a line is cut before it can overrun libGammu's buffers (600
 * hex digits of a +CMT or +CDS).  Pure: bytes in, bytes out; no file, no clock. */
#ifndef GONG_MODEM_FILTER_H
#define GONG_MODEM_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define FILTER_LINE_MAX 560		/* an SMS in hex and its echo need 370 at most */
#define FILTER_HEAD 64			/* longest beginning of a line that is looked at */

enum filter_error { FILTER_NO_ERROR, FILTER_CMS, FILTER_CME };

struct filter {
	enum { FILTER_START, FILTER_OPEN, FILTER_PASS, FILTER_DROP } state;
	char head[FILTER_HEAD];		/* the line so far, while undecided, then its beginning */
	size_t head_len, breaks;	/* line breaks held back before it */
	char held[4];
	size_t line_len;
	bool after_cr;
	bool is_waiting;		/* libGammu has asked and the end of the reply is due */
	bool pdu_follows;		/* the last line was +CMT or +CDS */
	char command[FILTER_HEAD];	/* what libGammu asked last, without "AT" */
	char typed[FILTER_HEAD];
	size_t typed_len;
	enum filter_error error;	/* which kind of error line came last */
	unsigned long dropped;		/* lines */
};

/* Writes what may pass to `out`, which has room for len + FILTER_HEAD + 4; returns its length. */
size_t filter_from_modem(struct filter *, const char *bytes, size_t len, char *out);
/* Sees (never changes) what libGammu writes, to know which replies it waits for. */
void filter_from_host(struct filter *, const char *bytes, size_t len);

#endif
