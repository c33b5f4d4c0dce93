/* words.h -- the closed lists of words that every part of gong shares: languages, channels,
 * severities, outcomes.  One table each; names are what files, API and drivers say. */
#ifndef GONG_WORDS_H
#define GONG_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum lang { LANG_ZH, LANG_EN, LANG_COUNT };
enum channel { CHANNEL_SMS, CHANNEL_VOICE, CHANNEL_CONSOLE, CHANNEL_COUNT };

/* Warning colour as rank; 0 is a notice.  A duty callout ranks with red. */
enum severity { SEVERITY_NOTICE, SEVERITY_BLUE, SEVERITY_YELLOW, SEVERITY_ORANGE, SEVERITY_RED,
		SEVERITY_COUNT };

/* Level of a division or role in the tree. */
enum tier { TIER_COUNTY, TIER_TOWNSHIP, TIER_VILLAGE, TIER_COUNT };

/* What one attempt came to.  NONE = still out. */
enum outcome { OUTCOME_NONE, OUTCOME_ACCEPTED, OUTCOME_REJECTED, OUTCOME_UNKNOWN,
	       OUTCOME_WITHDRAWN, OUTCOME_COUNT };

/* Why an attempt was rejected (docs/drivers.md). */
enum reject { REJECT_NONE, REJECT_RETRY, REJECT_RETRY_OTHER, REJECT_DROP, REJECT_CONFIG,
	      REJECT_CLOCK, REJECT_COUNT };

/* What a person's answer means. */
enum answer_kind { ANSWER_NONE, ANSWER_ANSWERED, ANSWER_ACKNOWLEDGED, ANSWER_IN_POST,
		   ANSWER_DONE, ANSWER_CANNOT, ANSWER_HELP, ANSWER_COMING, ANSWER_DELAYED,
		   ANSWER_OPT_OUT, ANSWER_COUNT };

#define LEVEL_SUBMITTED 0
#define LEVEL_DELIVERED 1
#define LEVEL_ANSWERED 2
#define LEVEL_ACKNOWLEDGED 3
#define LEVEL_IN_POST 4
#define LEVEL_DONE 5
#define LEVEL_COUNT 6

const char *lang_name(enum lang);		/* "zh", "en" */
const char *channel_name(enum channel);		/* "sms", "voice", "console" */
const char *severity_name(enum severity);	/* "notice", "blue" … "red" */
const char *severity_said(enum severity, enum lang);	/* as people are told it; "" of a notice */
#define SEVERITY_TEXT 24
/* The same in an SMS, where an English word stands in capitals. */
void severity_in_sms(char out[SEVERITY_TEXT], enum severity, enum lang);
/* Is it one of the words for it: 红色, 红, red, RED? */
bool severity_is_said(enum severity, const char *word);
/* The i-th kind of event that gong knows by itself ("rainstorm"); NULL: there are no more. */
const char *kind_name(size_t i);
/* What a kind of event ("rainstorm") is called, and what it asks of people; NULL: nothing known. */
const char *kind_said(const char *kind, enum lang);
const char *kind_action(const char *kind, enum lang);
const char *tier_name(enum tier);		/* "county", "township", "village" */
const char *outcome_name(enum outcome);		/* "accepted", "rejected" … */
const char *reject_name(enum reject);		/* "retry", "retry_other" … */
const char *answer_kind_name(enum answer_kind);	/* "answered", "acknowledged" … */

/* Each returns the value or -1 for a word that is not in the list. */
int lang_parse(const char *word);
int channel_parse(const char *word);
int severity_parse(const char *word);
int tier_parse(const char *word);
int outcome_parse(const char *word);
int reject_parse(const char *word);
int answer_kind_parse(const char *word);

#endif
