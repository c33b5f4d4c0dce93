/* setup.h -- what the files of `gongctl setup` share.  From the ground: where things are (setup_site.c), one
 * question (setup_ask.c), the files that come of the answers (setup_write.c), the verb itself (setup.c). */
#ifndef GONG_SETUP_H
#define GONG_SETUP_H

#include "core/phone.h"
#include "ctl/ctl.h"

enum setup_route { SETUP_SIM, SETUP_MODEM, SETUP_PROVIDER };

struct setup_value {			/* a parameter of a provider's profile */
	char *name, *value;
};

struct setup {
	struct ctl *ctl;
	bool people;			/* somebody sits at a terminal: a wrong answer is asked for again */
	/* where things are; each a path of its own */
	char *output, *gongd, *drivers, *templates, *policies, *kinds, *roles, *profiles;
	bool in_etc;			/* output is where the package has it */
	/* the answers */
	enum lang lang;
	char *office[LANG_COUNT], *signature[LANG_COUNT];
	char *country, *area;
	enum setup_route route;
	char *device, *profile;
	bool approved;			/* the profile sends templates that the provider has approved */
	struct setup_value *values;
	size_t value_count;
	char *officer, *county;
	uint64_t phone;
};

/* setup_site.c -- CTL_OK, or said what is missing. */
int setup_find(struct setup *);
char *setup_beside(const struct setup *, const char *name);	/* a path beside the settings; new */
void setup_free(struct setup *);

/* setup_ask.c -- a check says what is wrong with `text` (and how to mend it) in `why`, or puts what it
 * stands for into *out (a new string) and returns true. */
typedef bool setup_check(struct setup *, const char *text, char **out, struct buf *why);
struct setup_question {
	const char *option;		/* "--office": what answers it on the command line */
	bool many;			/* … among others: whoever asks has looked */
	const char *title[LANG_COUNT];
	const char *proposal;		/* taken for an empty line; NULL: an answer is wanted */
	setup_check *check;
};
/* By its option, else asked; CTL_OK with *out, or said why not. */
int setup_ask(struct setup *, const struct setup_question *, char **out);
char *setup_line(const struct setup *, const char *prompt);	/* new, without its end; NULL: the input is over */
bool setup_yes(const struct setup *, const char *prompt);	/* no, unless somebody says yes */
int setup_answers(struct setup *);	/* all of them */

/* setup_write.c -- all files, the settings only when gongd --check takes them; said what was written. */
int setup_write(struct setup *);
/* The first people, as lists to import; both are new. */
void setup_people(const struct setup *, struct buf *divisions, struct buf *contacts);
#define SETUP_ROUTE "first"

#endif
