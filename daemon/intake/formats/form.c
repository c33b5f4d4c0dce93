/* form.c -- format `form`: fields as a web page sends them (application/x-www-form-urlencoded, WHATWG
 * URL 5), read as a JSON object, by the pointers of its source's rules file.  A field that is there
 * more than once is a list; one that holds JSON, as in `data={"z":34.5}`, is what it holds. */
#include <event2/http.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "core/segment.h"
#include "daemon/intake/formats/document.h"
#include "daemon/intake/formats/mapped.h"
#include "daemon/intake/internal.h"

#define FIELDS_MAX 1000
#define ENCODING_MAX 20

struct form {
	json_t *fields;
	iconv_t from;			/* (iconv_t)-1 = UTF-8 */
	const struct json_map *map;
	char encoding[ENCODING_MAX + 1];
	struct err *err;
};

/* What the body says of itself: "…; charset=GBK".  What is not said is UTF-8. */
static void
read_encoding(struct form *f, const char *type)
{
	const char *p = type ? strcasestr(type, "charset=") : NULL;
	size_t len;

	snprintf(f->encoding, sizeof(f->encoding), "UTF-8");
	if (!p)
		return;
	p += strlen("charset=");
	p += *p == '"';
	len = strcspn(p, "\"; \t");
	if (len)
		snprintf(f->encoding, sizeof(f->encoding), "%.*s", (int)len, p);
}

/* GBK's pages are full of GB18030; those two and Latin-1 are what systems here send. */
static int
open_encoding(struct form *f)
{
	static const struct { const char *said, *name; } known[] = {
		{ "GBK", "GB18030" }, { "GB2312", "GB18030" }, { "GB18030", "GB18030" },
		{ "ISO-8859-1", "ISO-8859-1" },
	};

	f->from = (iconv_t)-1;
	if (strcasecmp(f->encoding, "UTF-8") == 0 || strcasecmp(f->encoding, "UTF8") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcasecmp(known[i].said, f->encoding) == 0)
			f->from = iconv_open("UTF-8", known[i].name);
	if (f->from != (iconv_t)-1)
		return 0;
	return err_say(f->err, REFUSED_UNREADABLE, about(CONCEPT_NONE), form_encoding, f->encoding);
}

static int
bad_text(struct form *f, const char *name)
{
	return err_say(f->err, REFUSED_UNREADABLE, about(CONCEPT_NONE), form_text, name, f->encoding);
}

/* One half of a pair, caller frees; NULL: its bytes are no text. */
static char *
decode(struct form *f, const char *text, size_t len)
{
	char *piece = xmalloc(len + 1), *plain;
	size_t plain_len;

	if (memchr(text, '\0', len)) {
		free(piece);
		return NULL;
	}
	memcpy(piece, text, len);
	piece[len] = '\0';
	plain = evhttp_uridecode(piece, 1, &plain_len);
	free(piece);
	if (plain && memchr(plain, '\0', plain_len)) {
		free(plain);
		plain = NULL;
	}
	if (plain && f->from != (iconv_t)-1) {
		size_t room = plain_len * 4;
		char *out = xmalloc(room + 1), *to = out, *in = plain;

		iconv(f->from, NULL, NULL, NULL, NULL);
		if (iconv(f->from, &in, &plain_len, &to, &room) == (size_t)-1) {
			free(out);
			to = out = NULL;
		} else {
			*to = '\0';
		}
		free(plain);
		plain = out;
	}
	if (plain && utf8_check(plain, strlen(plain), NULL) < 0) {
		free(plain);
		plain = NULL;
	}
	return plain;
}

/* Does the rules file look for something inside of the field? */
static bool
is_looked_into(const struct json_map *m, const char *field)
{
	const char *at[] = { m->each,
#define F(name) m->name,
		JSON_MAP_FIELDS(F)
#undef F
	};
	size_t len = strlen(field);
	bool found = false;

#define INTO(pointer) ((pointer) && strncmp((pointer) + 1, field, len) == 0 && (pointer)[1 + len] == '/')
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
		found |= INTO(at[i]);
	for (size_t i = 0; i < m->label_count; i++)
		found |= INTO(m->labels[i].at);
	for (size_t i = 0; i < m->text_count; i++)
		found |= INTO(m->texts[i].at);
#undef INTO
	return found;
}

/* NULL: it should be JSON and is none; to take it for a text would be to find nothing in it. */
static json_t *
value_of(struct form *f, const char *field, const char *text)
{
	size_t len = strlen(text);
	json_t *inside = NULL;

	if ((*text == '{' || *text == '[') && !json_too_deep(text, len, FORMAT_DEPTH_MAX - 1))
		inside = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (inside || !len || !is_looked_into(f->map, field))
		return inside ? inside : json_string(text);
	err_say(f->err, REFUSED_UNREADABLE, about(CONCEPT_NONE), form_json, field);
	return NULL;
}

static void
put(struct form *f, const char *name, json_t *value)
{
	json_t *before = json_object_get(f->fields, name), *list;

	if (!before) {
		json_object_set_new(f->fields, name, value);
		return;
	}
	list = json_array();
	if (json_is_array(before))
		json_array_extend(list, before);
	else
		json_array_append(list, before);
	json_array_append_new(list, value);
	json_object_set_new(f->fields, name, list);
}

static int
take_field(struct form *f, const char *pair, size_t len)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	char *name = decode(f, pair, name_len), *text;
	json_t *value = NULL;

	if (!name)
		return bad_text(f, "");
	text = equals ? decode(f, equals + 1, len - name_len - 1) : xstrdup("");
	if (!text)
		bad_text(f, name);
	else
		value = value_of(f, name, text);
	if (value)
		put(f, name, value);
	free(name);
	free(text);
	return value ? 0 : -1;
}

static int
take_fields(struct form *f, const struct format_input *in)
{
	const char *p = in->bytes, *end = p + in->len;
	unsigned count = 0;

	while (end > p && strchr("\r\n \t", end[-1]))
		end--;
	while (p < end) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);

		if (len && ++count > FIELDS_MAX)
			return err_say(f->err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), form_fields, NUM(FIELDS_MAX));
		if (len && take_field(f, p, len) < 0)
			return -1;
		p += len + 1;
	}
	if (count)
		return 0;
	return err_say(f->err, REFUSED_UNREADABLE, about(CONCEPT_NONE), form_empty);
}

/* A body that says it is something else is no form, though nearly anything can be read as one. */
static int
check_type(const char *type, struct err *err)
{
	size_t len = type ? strcspn(type, "; \t") : 0;
	char theirs[80];

	if (!len || (len == 33 && strncasecmp(type, "application/x-www-form-urlencoded", len) == 0))
		return 0;
	snprintf(theirs, sizeof(theirs), "%.*s", (int)len, type);
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), form_type, theirs);
}

int
format_form(struct signal_post *out, const struct format_input *in, struct err *err)
{
	struct form f = { .err = err, .map = in->map };
	int rc;

	if (check_type(in->content_type, err) < 0)
		return -1;
	read_encoding(&f, in->content_type);
	if (open_encoding(&f) < 0)
		return -1;
	f.fields = json_object();
	rc = take_fields(&f, in);
	if (rc == 0)
		rc = mapped_signals(out, in, f.fields, err);
	json_decref(f.fields);
	if (f.from != (iconv_t)-1)
		iconv_close(f.from);
	return rc;
}
