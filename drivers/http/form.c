/* form.c -- what stands in form.h.  Kannel hands a Chinese text on as the bytes of its UTF-16, and
 * says so beside it: that is why a field may have a charset. */
#include "drivers/http/form.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/buf.h"

/* A field's bytes, zeros and all; libevent's own reading ends at the first zero. */
static char *
bytes_of(const char *form, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (; *form; form += strcspn(form, "&"), form += *form == '&') {
		if (strncmp(form, name, name_len) == 0 && form[name_len] == '=') {
			const char *value = form + name_len + 1;
			char *encoded = xstrndup(value, strcspn(value, "&"));
			char *bytes = evhttp_uridecode(encoded, 1, len);

			free(encoded);
			return bytes;
		}
	}
	return NULL;
}

static json_t *
convert(iconv_t cd, char *bytes, size_t len)
{
	size_t size = len * 4 + 1, left = size;
	char *text = xmalloc(size), *to = text;
	bool ok = iconv(cd, &bytes, &len, &to, &left) != (size_t)-1;
	json_t *converted = ok ? json_stringn(text, size - left) : NULL;

	free(text);
	return converted;
}

/* What they call "binary", or a name that nobody knows, is read as it is. */
static json_t *
value_of(const char *form, const struct evkeyvalq *fields, const struct evkeyval *field,
	 const struct form_charset *c)
{
	const char *charset = c->of && strcmp(c->of, field->key) == 0
		? evhttp_find_header(fields, c->in) : NULL;
	iconv_t cd = charset && charset[0] ? iconv_open("UTF-8", charset) : (iconv_t)-1;
	size_t len = 0;
	char *bytes;
	json_t *value;

	if (cd == (iconv_t)-1)
		return json_string(field->value);
	bytes = bytes_of(form, field->key, &len);
	value = bytes ? convert(cd, bytes, len) : NULL;
	free(bytes);
	iconv_close(cd);
	return value;
}

json_t *
form_to_json(const char *form, const struct form_charset *c)
{
	json_t *object = json_object();
	struct evkeyvalq fields;
	struct evkeyval *field;
	bool ok = true;

	if (evhttp_parse_query_str(form, &fields) < 0) {
		json_decref(object);
		return NULL;
	}
	TAILQ_FOREACH(field, &fields, next)
		ok = ok && json_object_set_new(object, field->key,
					       value_of(form, &fields, field, c)) == 0;
	evhttp_clear_headers(&fields);
	if (ok && json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}
