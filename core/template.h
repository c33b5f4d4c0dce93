/* template.h -- named texts with typed parameters, and what an answer to them means.
 * The text language is a mustache subset: {{name}}, {{#name}}…{{/name}} (present and not empty),
 * {{^name}}…{{/name}}.  An unknown name is an error when the text is compiled, with line:column.
 * Pure.  A struct template is immutable once loaded and may be read from several threads. */
#ifndef GONG_TEMPLATE_H
#define GONG_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/words.h"

enum param_scope { SCOPE_REQUEST, SCOPE_DIVISION, SCOPE_PERSON, SCOPE_DERIVED };
enum param_type { PARAM_TEXT, PARAM_NUMBER, PARAM_TIME };

struct param {
	char *name;
	enum param_scope scope;
	enum param_type type;
	unsigned max;			/* longest value, in characters */
	char *worst[LANG_COUNT];	/* longest sensible value, for measuring; may be NULL */
	char *fallback[LANG_COUNT];	/* used when absent; NULL = the value is required */
};

struct answer_rule {
	char token[16];			/* "1", "0", "9" … as normalised by reply.h */
	enum answer_kind kind;
	int level;			/* 0..5 */
	char **words;			/* that mean it, too; as reply_text() makes them */
	size_t word_count;
};

struct text;				/* one compiled text */

struct template_texts {
	struct text *sms, *voice, *constant;	/* NULL where the template has none */
};

struct template {
	char *name, *title[LANG_COUNT];
	bool flash;			/* ask for class 0 display */
	bool unanswered;		/* whoever answers it gets no automatic reply */
	char **policies;		/* the ladders that it is written for */
	size_t policy_count;
	struct param *params;
	size_t param_count;
	struct answer_rule *answers;
	size_t answer_count;
	struct template_texts texts[LANG_COUNT];
};

/* `names` lists what {{…}} may say.  `source` is copied. */
int text_compile(struct text **out, const char *source, const char *const *names, size_t count,
		 struct err *);
void text_free(struct text *);
bool text_uses(const struct text *, const char *name);

/* Gives the value of `name`, or NULL; called once per use. */
typedef const char *(*text_lookup)(void *ctx, const char *name);
/* Appends the text to `out`.  A plain {{name}} without value is an error naming it. */
int text_render(const struct text *, text_lookup, void *ctx, struct buf *out, struct err *);

const struct param *template_param(const struct template *, const char *name);	/* or NULL */
/* Is `value` of the parameter's type and length?  err->field is the parameter's name. */
int param_check(const struct param *, const char *value, struct err *);
/* Checks that every token the texts ask for (回复N, 按N, "Reply N", "Press N") is in the answer
 * map.  err->text names the language, the text and the token. */
int template_check_answers(const struct template *, const char *const *sources, size_t count,
			   struct err *);
/* The text at its longest: every value its worst_zh or worst_en, else as long as it may be. */
void template_worst(const struct template *, const struct text *, enum lang, struct buf *out);
void template_free(struct template *);

#endif
