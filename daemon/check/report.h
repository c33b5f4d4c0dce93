/* report.h -- what gongd --check has to say: a line each, fine, to be looked at, or wrong; for people in
 * their language, or as JSON.  It only says; what it says is found out by the files beside it. */
#ifndef GONG_CHECK_REPORT_H
#define GONG_CHECK_REPORT_H

#include "core/buf.h"
#include "core/phrase.h"

enum report_level { REPORT_OK, REPORT_WARNING, REPORT_ERROR };

struct report {
	enum lang lang;			/* of who reads */
	bool json;
	size_t warnings, errors;
	struct buf lines;		/* of JSON, until the end */
};

/* As the terminal's messages are wanted: LC_ALL, else LC_MESSAGES, else LANG. */
enum lang report_lang(void);
/* `about`: what it is of, for programs: "route sim1", "clock".  What is fine goes to standard output, all
 * else to standard error; of JSON everything to standard output, at the end. */
#define REPORT(r, level, about, name, ...) \
	report_line((r), (level), (about), PHRASE_AND_VALUES(name, __VA_ARGS__))
void report_line(struct report *, enum report_level, const char *about, enum phrase, const char *const *values);
void report_said(struct report *, enum report_level, const char *about, const struct said *);
/* A line that says of itself where it stands and how bad it is, as a compiler's. */
void report_text(struct report *, enum report_level, const char *about, const char *line);
/* Prints what is left to print; 1 when there is an error, else 0. */
int report_end(struct report *);

#endif
