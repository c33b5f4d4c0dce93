/* list.c -- what stands in list.h, of a list in JSON and of a document alone; list_xml.c has the rest. */
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "core/number.h"
#include "drivers/feed/list_xml.h"

#define TOKEN_MAX 256

/* One token, "~1" and "~0" unescaped; false: it is too long. */
static bool
token(char out[TOKEN_MAX], const char *from, size_t len)
{
	size_t n = 0;

	if (len >= TOKEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool escaped = from[i] == '~' && i + 1 < len && (from[i + 1] == '0' || from[i + 1] == '1');

		out[n++] = !escaped ? from[i] : from[++i] == '0' ? '~' : '/';
	}
	out[n] = '\0';
	return true;
}

static json_t *
pointed(const char *pointer, json_t *in)
{
	char name[TOKEN_MAX];
	int64_t n;

	while (in && pointer && *pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		if (!token(name, pointer, len))
			return NULL;
		if (json_is_array(in))
			in = whole_parse(&n, name, 0, INT32_MAX) < 0 ? NULL : json_array_get(in, (size_t)n);
		else
			in = json_object_get(in, name);
		pointer += len;
	}
	return in;
}

/* A text or a whole number as text; the caller frees.  NULL: it is neither. */
static char *
pointed_text(const char *pointer, json_t *in)
{
	json_t *value = pointer ? pointed(pointer, in) : NULL;
	char *text = json_is_string(value) ? xstrdup(json_string_value(value)) : NULL;

	return json_is_integer(value) ? json_dumps(value, JSON_ENCODE_ANY) : text;
}

static void
add_json(struct list *l, const struct list_rules *rules, json_t *element)
{
	json_t *document = pointed(rules->document, element);
	struct list_item *item = list_add(l);
	char *all;

	if (!item)
		return;
	item->id = pointed_text(rules->id, element);
	if (!item->id)
		item->id = xstrdup("");
	all = json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	item->mark = list_mark_of(all, strlen(all));
	free(all);
	item->link = pointed_text(rules->link, element);
	if (item->link)
		return;
	item->body = json_is_string(document) ? xstrdup(json_string_value(document))
		: json_dumps(document ? document : element, JSON_COMPACT | JSON_ENCODE_ANY);
	item->len = strlen(item->body);
}

/* jansson is recursive; it has a limit of its own (2,048), which is more than anybody's feed. */
static int
read_json(struct list *l, const struct list_rules *rules, const char *bytes, size_t len, struct err *err)
{
	json_error_t where;
	json_t *whole = json_loadb(bytes, len, JSON_DECODE_ANY, &where), *list, *element;
	size_t i;

	if (!whole)
		return err_set(err, "this is no JSON: %s", where.text);
	list = rules->items ? pointed(rules->items, whole) : NULL;
	if (rules->items && !json_is_array(list)) {
		json_decref(whole);
		return err_set(err, "its JSON has no list at %s", rules->items);
	}
	json_array_foreach(list, i, element)
		add_json(l, rules, element);
	if (!rules->items)
		list_add_whole(l, bytes, len);
	json_decref(whole);
	return 0;
}

static int
read_any(struct list *l, const struct list_rules *rules, const char *bytes, size_t len, struct err *err)
{
	const char *p = bytes, *end = bytes + len;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < end && isspace((unsigned char)*p))
		p++;
	if (p == end)
		return err_set(err, "it is empty");
	if (*p != '<')
		return read_json(l, rules, p, (size_t)(end - p), err);
	return list_read_xml(l, rules, p, (size_t)(end - p), err);
}

int
list_read(struct list *l, const struct list_rules *rules, const char *bytes, size_t len, struct err *err)
{
	int rc;

	*l = (struct list){ 0 };
	rc = read_any(l, rules, bytes, len, err);
	if (rc < 0)
		list_fini(l);
	return rc;
}
