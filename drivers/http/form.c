/* form.c -- what stands in form.h.  Kannel hands a Chinese text on as the bytes of its UTF-16, and
 * says so beside it: that is why a field may have a charset. */
#include "drivers/http/form.h"

#include <errno.h>
#include <event2/http.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "drivers/http/lenient.h"

struct field {				/* decoded, zeros and all */
	char *name, *value;
	size_t name_len, value_len;
};

static char *
decode(const char *from, size_t size, size_t *len)
{
	char *encoded = xstrndup(from, size), *bytes = evhttp_uridecode(encoded, 1, len);

	free(encoded);
	return bytes;
}

static void
field_free(struct field *f)
{
	free(f->name);
	free(f->value);
}

/* The next of "name=value&…"; moves `form` behind it.  False at the end. */
static bool
next_field(const char **form, struct field *f)
{
	size_t size, name_size;

	*form += strspn(*form, "&");
	if (!**form)
		return false;
	size = strcspn(*form, "&");
	name_size = strcspn(*form, "=&");
	f->name = decode(*form, name_size, &f->name_len);
	f->value = name_size < size ? decode(*form + name_size + 1, size - name_size - 1, &f->value_len)
		: NULL;
	*form += size;
	return true;
}

/* Half a character, or none of this charset, costs itself alone. */
static char *
convert(iconv_t cd, const char *charset, char *bytes, size_t len)
{
	bool wide = strncasecmp(charset, "utf-16", 6) == 0 || strncasecmp(charset, "ucs-2", 5) == 0;
	size_t size = len * 4 + 8, room = size;
	char *text = xmalloc(size), *to = text, *clean;

	while (iconv(cd, &bytes, &len, &to, &room) == (size_t)-1) {
		size_t skip = wide && len > 1 ? 2 : 1;

		if (errno != EILSEQ && errno != EINVAL)
			break;		/* its output cannot be larger than this */
		to = stpcpy(to, "\xef\xbf\xbd");
		room -= 3;
		bytes += skip;
		len -= skip;
		if (!len)
			break;
	}
	clean = lenient_text(text, size - room);
	free(text);
	return clean;
}

static char *
charset_of(const char *form, const struct form_charset *c)
{
	struct field f = { 0 };
	char *charset = NULL;

	while (c->in && !charset && next_field(&form, &f)) {
		if (f.name && f.value && strcmp(f.name, c->in) == 0)
			charset = xstrdup(c->names ? json_string_value(json_object_get(c->names, f.value))
						   : f.value);
		field_free(&f);
	}
	return charset;
}

/* What they call "binary", or a name that nobody knows, is read as it is. */
static char *
value_of(const struct field *f, const char *charset)
{
	iconv_t cd = charset && charset[0] ? iconv_open("UTF-8", charset) : (iconv_t)-1;
	char *text;

	if (!f->value)
		return xstrdup("");
	if (cd == (iconv_t)-1)
		return lenient_text(f->value, f->value_len);
	text = convert(cd, charset, f->value, f->value_len);
	iconv_close(cd);
	return text;
}

json_t *
form_to_json(const char *form, const struct form_charset *c)
{
	char *charset = charset_of(form, c);
	json_t *object = json_object();
	struct field f = { 0 };

	if (!strchr(form, '='))
		form = "";		/* words, but no form */
	while (next_field(&form, &f)) {
		bool is_coded = c->of && f.name && strcmp(f.name, c->of) == 0;
		char *name = f.name ? lenient_text(f.name, f.name_len) : xstrdup("");
		char *value = value_of(&f, is_coded ? charset : NULL);

		if (name[0])
			json_object_set_new(object, name, json_string(value));
		free(name);
		free(value);
		field_free(&f);
	}
	free(charset);
	if (json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}
