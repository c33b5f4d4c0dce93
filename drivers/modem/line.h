/* line.h -- bytes from a modem as lines, and what kind of line each is.  Pure: no file, no clock.
 * A line ends with CR LF, or (an echo) with CR alone; empty ones are left out; control characters
 * and what is over LINE_TEXT are dropped.  In a USSD answer they are letters, and are kept. */
#ifndef GONG_MODEM_LINE_H
#define GONG_MODEM_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_TEXT 1024			/* the longest reply kept: +COPS=? of a busy place */

struct line {
	char text[LINE_TEXT + 1];	/* so far */
	size_t len;
	bool ended;			/* the next byte begins a new one */
	bool in_ussd;			/* a USSD answer goes on in this line */
};

/* One byte; true when text holds a whole line, until the next byte. */
bool line_byte(struct line *, char c);
/* Is what has come of the line the prompt for a message (3GPP TS 27.005 3.5.1: CR LF ">" " ")? */
bool line_is_prompt(const struct line *);

/* What a line is to the one who asked.  3GPP TS 27.005 and 27.007; those of makers are known only
 * by not being the reply. */
enum news {
	NEWS_REPLY,			/* no news: belongs to the command in hand */
	NEWS_NOISE,			/* unsolicited and of no use */
	NEWS_STORED,			/* +CMTI: a message lies in a memory */
	NEWS_REPORT_STORED,		/* +CDSI */
	NEWS_MESSAGE, NEWS_REPORT,	/* +CMT, +CDS: the next line is its PDU */
	NEWS_RING, NEWS_CALLER,		/* RING, +CLIP */
	NEWS_CALL_END,			/* NO CARRIER, BUSY, NO ANSWER */
	NEWS_USSD,			/* +CUSD */
	NEWS_REGISTRATION,		/* +CREG and its like, by themselves */
	NEWS_BOOT			/* RDY: the modem has started anew */
};

/* `asked`: the command in hand without "AT"; NULL = none is. */
enum news line_news(const char *line, const char *asked);

/* Does this line begin a USSD answer whose closing quotation mark is still to come?  Then: do the
 * lines so far end with it? */
bool line_opens_ussd(const char *line);
bool line_closes_ussd(const char *lines);

/* The end of a reply, 3GPP TS 27.007 9.1 and 27.005 3.2.5. */
enum at_end { AT_OPEN, AT_OK, AT_ERROR, AT_CMS, AT_CME, AT_CALL_END, AT_NO_PROMPT, AT_LATE };
/* AT_OPEN: the line ends nothing.  *code: of AT_CMS and AT_CME, -1 when it is a text. */
enum at_end line_end(const char *line, const char *asked, int *code);

#endif
