/* form.h -- a form, of a body or of an address, as a JSON object of texts, so that the same pointers
 * read it. */
#ifndef GONG_HTTP_FORM_H
#define GONG_HTTP_FORM_H

#include <jansson.h>

struct form_charset {			/* the field `of` is in the charset that the field `in` names */
	const char *of, *in;		/* NULL = all is UTF-8 */
	json_t *names;			/* {"their word": "charset"}, borrowed; NULL = its own name */
};

/* A new reference; NULL if it is no form.  Texts are mended as lenient.h says. */
json_t *form_to_json(const char *form, const struct form_charset *);

#endif
