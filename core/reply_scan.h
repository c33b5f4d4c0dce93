/* reply_scan.h -- what reply_scan.c met in a line, for reply.c to judge and for nobody else. */
#ifndef GONG_REPLY_SCAN_H
#define GONG_REPLY_SCAN_H

#include "core/reply.h"
#include "core/reply_words.h"

#define BIT(kind) (1u << (kind))
#define NAME_MAX_CHARACTERS 8		/* 柳溪村张三收到 */
/* What may stand in an answer; UNIT and WHO count only behind a number. */
#define READ (IS(ANSWER) | IS(GOT) | IS(BARE) | IS(FILL) | IS(WITH) | IS(SELF) | IS(DOING) | \
	      IS(MINUTE) | IS(ABOUT) | IS(PROMPT) | IS(DIGIT) | IS(BUT) | IS(DOUBT) | IS(DANGER))

/* What was met so far in the line. */
struct scan {
	const struct template *t;
	struct reply *out;
	const char *line;
	size_t at;
	bool apart;			/* something stood between the last word and here */
	bool filled;			/* the last was a word that says nothing: 全部3 counts */
	bool loose;			/* unknown words may follow "received" from here on */
	char digit;			/* the answer's, 0 = none yet */
	bool spelled;			/* it was 一, not 1 */
	unsigned before_digit;		/* `said` when the digit came */
	unsigned said, mapped;		/* bits of answer_kind: as people say it, as the map has it */
	const struct answer_rule *rule;	/* of the template's own word */
	const struct reply_word *first;	/* word, when no digit stood before it */
	bool own_first;			/* the template's word stood first */
	size_t answer_at;		/* where the first digit or word stands */
	size_t before, after;		/* unknown characters before and after the answer */
	bool latin;			/* some of those are Latin */
	bool glued;			/* … or run on behind the answer: 收到你妹 */
	bool with, self, doing;		/* words of those classes */
	bool named;			/* a name ends it */
	bool counts;			/* the digit counts something */
	bool but;			/* "1 但 …" */
	bool bare_no;			/* 不行, NO: not believed beside another answer */
	const char *mark;		/* what makes it doubtful, in `line`; NULL = nothing */
	size_t mark_len;
};

/* Walks the whole line; what follows "1 但" is left to the desk. */
void reply_scan(struct scan *);
bool reply_has_answer(const struct scan *);
const struct answer_rule *reply_rule_of(const struct template *, enum answer_kind);	/* or NULL */

#endif
