/* list_xml.c -- Atom, RSS and CAP alone.  An entry's elements are kept by their local names; of its links
 * the one that says it is CAP is taken, else the one a reader would follow. */
#include "drivers/feed/list_xml.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "drivers/feed/charset.h"
#include "drivers/feed/xml.h"

#define FIELD_MAX 65536			/* bytes of one element's text; the rest is cut */
#define FIELDS_MAX 64

enum rank { RANK_NONE, RANK_OTHER, RANK_PAGE, RANK_CAP };	/* of a link */

struct feed {
	struct list *list;
	const struct list_rules *rules;
	const char *bytes;
	unsigned depth;
	const char *item;		/* the element's name that is one: "entry", "item" */
	bool is_document;		/* the root is CAP itself */
	char root[40];
	unsigned item_depth;		/* of the item in hand; 0 = none */
	json_t *fields;
	char *link;
	enum rank rank;
	struct buf text;		/* of the field in hand */
	unsigned alert_depth;		/* of a whole CAP message inside; 0 = none */
	size_t alert_at, alert_after;
};

static void
begin_root(struct feed *f, const char *name)
{
	size_t len = strnlen(name, sizeof(f->root) - 1);

	memcpy(f->root, name, len);
	f->item = strcmp(name, "feed") == 0 ? "entry"
		: strcmp(name, "rss") == 0 || strcmp(name, "RDF") == 0 ? "item" : NULL;
	f->is_document = strcmp(name, "alert") == 0;
}

static void
offer(struct feed *f, const char *link, size_t len, enum rank rank)
{
	if (!len || rank <= f->rank)
		return;
	free(f->link);
	f->link = xstrndup(link, len);
	f->rank = rank;
}

static bool
is_cap(const char *type)
{
	return type && strncasecmp(type, "application/cap+xml", 19) == 0;
}

/* RFC 4287 4.2.7; RSS 2.0 has <enclosure url= type=>. */
static void
look_at_link(struct feed *f, const char *name, const char **attributes)
{
	bool is_link = strcmp(name, "link") == 0;
	const char *to = is_link ? xml_attribute(attributes, "href")
		: strcmp(name, "enclosure") == 0 ? xml_attribute(attributes, "url") : NULL;
	const char *rel = xml_attribute(attributes, "rel");
	enum rank rank = is_cap(xml_attribute(attributes, "type")) ? RANK_CAP
		: is_link && (!rel || strcmp(rel, "alternate") == 0) ? RANK_PAGE : RANK_OTHER;

	if (to)
		offer(f, to, strlen(to), rank);
}

static void
begin_item(struct feed *f)
{
	f->item_depth = f->depth;
	f->fields = json_object();
	f->rank = RANK_NONE;
	f->alert_at = f->alert_after = 0;
}

static void
on_begin(void *ctx, const char *name, const char **attributes, size_t at)
{
	struct feed *f = ctx;

	if (++f->depth == 1) {
		begin_root(f, name);
	} else if (!f->item_depth) {
		if (f->item && strcmp(name, f->item) == 0)
			begin_item(f);
	} else if (f->depth == f->item_depth + 1) {
		buf_reset(&f->text);
		look_at_link(f, name, attributes);
	} else if (!f->alert_depth && !f->alert_after && strcmp(name, "alert") == 0) {
		f->alert_depth = f->depth;
		f->alert_at = at;
	}
}

static void
on_text(void *ctx, const char *text, size_t len)
{
	struct feed *f = ctx;

	if (f->item_depth && f->depth > f->item_depth && f->text.len + len <= FIELD_MAX)
		buf_add(&f->text, text, len);
}

/* The first of a name stands: a list would change its shape from entry to entry. */
static void
end_field(struct feed *f, const char *name)
{
	char *text = f->text.data ? f->text.data : (char[]){ "" };
	size_t len = f->text.len;

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	while (len && strchr(" \t\r\n", *text)) {
		text++;
		len--;
	}
	if (len && strcmp(name, "link") == 0)
		offer(f, text, len, RANK_PAGE);
	if (len && !json_object_get(f->fields, name) && json_object_size(f->fields) < FIELDS_MAX)
		json_object_set_new(f->fields, name, json_stringn(text, len));
	buf_reset(&f->text);
}

static const char *
id_of(const struct feed *f)
{
	const char *id = json_string_value(json_object_get(f->fields, "id"));

	if (!id)
		id = json_string_value(json_object_get(f->fields, "guid"));
	return id ? id : f->link ? f->link : "";
}

/* A part that stands alone has lost what namespaces were declared around it: then its link is used. */
static bool
has_alert(const struct feed *f)
{
	const char *from = f->bytes + f->alert_at;
	const char *tag_end = f->alert_after ? memchr(from, '>', f->alert_after - f->alert_at) : NULL;

	return tag_end && memmem(from, (size_t)(tag_end - from), "xmlns", 5);
}

static void
fill_body(struct feed *f, struct list_item *item, char *entry)
{
	if (f->rules->entries) {
		item->body = entry;
		item->len = strlen(entry);
		return;
	}
	free(entry);
	if (has_alert(f)) {
		item->len = f->alert_after - f->alert_at;
		item->body = xstrndup(f->bytes + f->alert_at, item->len);
		return;
	}
	item->link = f->link;
	f->link = NULL;
}

static void
end_item(struct feed *f)
{
	struct list_item *item = list_add(f->list);
	char *entry;

	if (item) {
		if (f->link)
			json_object_set_new(f->fields, "link", json_string(f->link));
		item->id = xstrdup(id_of(f));
		entry = json_dumps(f->fields, JSON_COMPACT);
		item->mark = list_mark_of(entry, strlen(entry));
		fill_body(f, item, entry);
	}
	json_decref(f->fields);
	f->fields = NULL;
	free(f->link);
	f->link = NULL;
	f->item_depth = 0;
}

static void
on_end(void *ctx, const char *name, size_t after)
{
	struct feed *f = ctx;

	if (f->alert_depth == f->depth) {
		f->alert_depth = 0;
		f->alert_after = after;
	}
	if (f->item_depth && f->depth == f->item_depth + 1)
		end_field(f, name);
	else if (f->item_depth == f->depth)
		end_item(f);
	f->depth--;
}

static int
read_utf8(struct list *l, const struct list_rules *rules, const char *bytes, size_t len, struct err *err)
{
	struct feed f = { .list = l, .rules = rules, .bytes = bytes };
	struct xml_reader reader = { &f, on_begin, on_end, on_text };
	int rc = xml_scan(&reader, bytes, len, err);

	json_decref(f.fields);
	free(f.link);
	buf_fini(&f.text);
	if (rc == 0 && !f.item && !f.is_document)
		rc = err_set(err, "this is no feed, nor CAP: its XML begins with <%s>", f.root);
	return rc < 0 ? -1 : f.is_document;
}

int
list_read_xml(struct list *l, const struct list_rules *rules, const char *bytes, size_t len, struct err *err)
{
	struct buf utf8 = { 0 };
	char charset[40];
	int rc;

	if (charset_of_xml(charset, sizeof(charset), bytes, len)) {
		charset_add(&utf8, charset, bytes, len);
		rc = read_utf8(l, rules, utf8.data ? utf8.data : "", utf8.len, err);
		buf_fini(&utf8);
	} else {
		rc = read_utf8(l, rules, bytes, len, err);
	}
	if (rc > 0)			/* as it came: a signature is over its bytes */
		list_add_whole(l, bytes, len);
	return rc < 0 ? -1 : 0;
}
