/* lint.h -- what is wrong with the words of a template: tokens that are not in the map, answers that do
 * not reach their ladder, a text too long, a call that does not say who speaks.  Pure; it changes nothing.
 * docs/templates.md has the rules and says why one is an error and another a warning. */
#ifndef GONG_LINT_H
#define GONG_LINT_H

#include <stdbool.h>

#include "core/phrase.h"
#include "core/template.h"

enum lint_form { LINT_SMS, LINT_VOICE, LINT_CONSTANT, LINT_FORMS };

struct lint_finding {
	bool misleads;			/* an error: somebody would act wrongly, or in vain; else style */
	int lang, form;			/* enum lang, enum lint_form; -1 = of the whole template */
	struct said said;		/* what, and the remedy */
};

struct lint_site {			/* what gong adds to a text; "" = nothing */
	const char *signature[LANG_COUNT], *drill_mark[LANG_COUNT];
};

typedef void (*lint_tell)(void *ctx, const struct lint_finding *);

void lint_template(const struct template *, const struct lint_site *, lint_tell, void *ctx);

const char *lint_form_name(enum lint_form);	/* "sms", "voice", "constant" */
const struct text *lint_form(const struct template *, enum lang, enum lint_form);	/* NULL: has none */
/* One form at its longest: as an SMS with what gong adds, as a call the bare text. */
struct lint_size {
	unsigned units, parts;		/* of an SMS; 0 of a call */
	double seconds;			/* of a call; 0 of an SMS */
	unsigned asks;			/* bit d: it asks for the answer d */
};
void lint_size(const struct template *, const struct lint_site *, enum lang, enum lint_form,
	       struct lint_size *out, struct buf *longest);
/* The highest level that the answers can give which the text asks for; 0: none. */
int lint_reach(const struct template *, const struct text *, enum lang);

#endif
