/* round.c -- a look at a feed: its list, and the documents that it leads to. */
#include "drivers/feed/round.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/feed/charset.h"
#include "drivers/feed/steady.h"

#define FEED_TYPES "application/atom+xml, application/rss+xml, application/cap+xml, application/json;q=0.9, */*;q=0.5"
#define DOCUMENT_TYPES "application/cap+xml, application/xml;q=0.9, application/json;q=0.9, */*;q=0.5"
#define REF_MAX 200

/* -- what is found -- */

static void
put_base64(json_t *document, const char *bytes, size_t len)
{
	unsigned char *text = xmalloc(len / 3 * 4 + 5);

	EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)len);
	json_object_set_new(document, "base64", json_string((const char *)text));
	free(text);
}

void
round_add(struct round *r, list_mark mark, const char *ref, const char *bytes, size_t len, json_t *labels)
{
	json_t *document = json_pack("{s:o}", "labels", labels);
	size_t size = DOCUMENT_MAX * 2;

	if (ref && *ref && strlen(ref) <= REF_MAX)
		json_object_set_new(document, "ref", json_string(ref));
	if (charset_is_utf8(bytes, len)) {
		json_object_set_new(document, "body", json_stringn(bytes, len));
		size = json_dumpb(document, NULL, 0, JSON_COMPACT);
	}
	if (size > DOCUMENT_MAX * 4 / 3) {	/* every quote has grown */
		json_object_del(document, "body");
		put_base64(document, bytes, len);
		size = json_dumpb(document, NULL, 0, JSON_COMPACT);
	}
	if ((r->count & (r->count - 1)) == 0)
		r->documents = xrealloc(r->documents, (r->count ? 2 * r->count : 1) * sizeof(*r->documents));
	r->documents[r->count++] = (struct round_document){ document, size, mark };
	r->bytes += size;
}

void
round_present(struct round *r, list_mark mark)
{
	if ((r->present_count & (r->present_count - 1)) == 0)
		r->present = xrealloc(r->present, (r->present_count ? 2 * r->present_count : 1) *
				      sizeof(*r->present));
	r->present[r->present_count++] = mark;
}

bool
round_is_full(const struct round *r, long items)
{
	return items >= r->conf->items_max || r->bytes >= ROUND_BYTES || steady_now() >= r->until;
}

void
round_failed(struct round *r, const char *what, const char *why)
{
	if (r->failed++)
		return;
	snprintf(r->failed_item, sizeof(r->failed_item), "%s", what);
	text_mend(r->failed_item);
	snprintf(r->failure, sizeof(r->failure), "%s", why);
}

void
round_fini(struct round *r)
{
	for (size_t i = 0; i < r->count; i++)
		json_decref(r->documents[i].json);
	free(r->documents);
	free(r->present);
	seen_fini(&r->seen);
	*r = (struct round){ 0 };
}

/* -- a feed -- */

static bool
fails(struct round *r, const struct err *err)
{
	said_nest(r->reason, &err->said);
	r->ok = false;
	return false;
}

static json_t *
labels_of(const struct list_item *item, const char *url)
{
	json_t *labels = json_object();
	char *shown = web_shown(url);

	if (item->id[0] && strlen(item->id) <= REF_MAX && !strstr(item->id, "://"))
		json_object_set_new(labels, "feed_id", json_string(item->id));
	json_object_set_new(labels, "feed_link", json_string(shown));
	free(shown);
	return labels;
}

/* -1: err has why. */
static int
fetch(struct round *r, struct web *web, const struct list_item *item, const char *url, struct err *err)
{
	struct web_wish wish = { .url = url, .accept = DOCUMENT_TYPES, .until = r->until,
				 .most = (size_t)r->conf->document_max };
	struct web_answer answer;
	int rc = web_get(web, &wish, &answer, err);

	if (rc == 0 && !answer.body.len)
		rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_empty);
	if (rc == 0)
		round_add(r, item->mark, item->id, answer.body.data, answer.body.len, labels_of(item, url));
	web_answer_fini(&answer);
	return rc;
}

static void
take_item(struct round *r, struct web *web, const struct list_item *item)
{
	char *url = item->link ? web_resolve(r->conf->url, item->link) : NULL, *shown;
	struct err err = { .text = "" };
	int rc = 0;

	if (item->body && item->len > (size_t)r->conf->document_max)
		rc = err_say(&err, REFUSED_FAULT, about(CONCEPT_NONE), feed_too_large, NUM(r->conf->document_max));
	else if (item->body)
		round_add(r, item->mark, item->id, item->body, item->len, labels_of(item, r->conf->url));
	else if (url)
		rc = fetch(r, web, item, url, &err);
	else
		rc = err_say(&err, REFUSED_FAULT, about(CONCEPT_NONE), feed_no_link);
	shown = web_shown(url ? url : r->conf->url);
	if (rc < 0)
		round_failed(r, shown, NEST(&err.said));
	else
		round_present(r, item->mark);
	free(shown);
	free(url);
}

static void
take_items(struct round *r, struct web *web, const struct list *l)
{
	size_t begin = l->count ? r->turn * 7919 % l->count : 0;
	long fetched = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct list_item *item = &l->items[(begin + i) % l->count];

		if (seen_has(&r->seen, item->mark)) {
			round_present(r, item->mark);
		} else if (round_is_full(r, fetched)) {
			r->left++;
		} else {
			take_item(r, web, item);
			fetched++;
		}
	}
}

static bool
read_list(struct round *r, struct web *web, const struct web_answer *a)
{
	struct err err = { .text = "" };
	struct list l;

	if (list_read(&l, &r->conf->rules, a->body.data ? a->body.data : "", a->body.len, &err) < 0)
		return fails(r, &err);
	take_items(r, web, &l);
	if (l.left_out) {
		err_say(&err, REFUSED_FAULT, about(CONCEPT_NONE), feed_too_long, NUM(l.left_out), NUM(LIST_MAX));
		round_failed(r, "list", NEST(&err.said));
	}
	list_fini(&l);
	return true;
}

void
round_feed(struct round *r)
{
	struct web *web = web_new(r->conf);
	struct web_wish wish = { .url = r->conf->url, .accept = FEED_TYPES, .etag = r->etag,
				 .modified = r->modified, .most = (size_t)r->conf->feed_max,
				 .until = steady_now() + ROUND_MS };
	struct err err = { .text = "" };
	struct web_answer answer;

	r->until = wish.until;
	if (web_get(web, &wish, &answer, &err) < 0) {
		fails(r, &err);
	} else {
		r->unchanged = answer.status == 304;
		r->ok = r->unchanged || read_list(r, web, &answer);
		if (!r->unchanged) {
			snprintf(r->etag, sizeof(r->etag), "%s", answer.etag);
			snprintf(r->modified, sizeof(r->modified), "%s", answer.modified);
		}
	}
	r->retry_after_ms = answer.retry_after_ms;
	web_answer_fini(&answer);
	web_free(web);
}
