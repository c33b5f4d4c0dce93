/* fuzz_feed.c -- any bytes as a feed or a mail: the first byte says as what, and by which rules. */
#include "tests/fuzz/fuzz.h"

#include "drivers/feed/charset.h"
#include "drivers/feed/list.h"
#include "drivers/feed/mail.h"
#include "drivers/feed/seen.h"

static void
look_at_feed(const struct list_rules *rules, const char *bytes, size_t len)
{
	struct err err = { .text = "" };
	struct list l;

	if (list_read(&l, rules, bytes, len, &err) < 0)
		promise(err.text[0] && !l.count, "what is no feed says why");
	promise(l.count <= LIST_MAX, "a feed stays within its bounds");
	for (size_t i = 0; i < l.count; i++) {
		const struct list_item *item = &l.items[i];

		promise(item->id && item->mark && item->mark >> MARK_BITS == 0, "an item can be known again");
		promise(charset_is_utf8(item->id, strlen(item->id)), "an id is text");
		promise(!item->link || !item->body, "a document is here or there");
	}
	list_fini(&l);
}

static void
look_at_mail(const char *bytes, size_t len)
{
	static const char *const senders[] = { "@qx.example" };
	struct mail m;

	mail_read(&m, "mx.x", bytes, len);
	promise(m.count > 0 && m.count <= MAIL_FILES_MAX, "a mail is never nothing");
	for (size_t i = 0; i < m.count; i++)
		promise(m.files[i].len > 0, "a document has something in it");
	promise(charset_is_utf8(m.subject, strlen(m.subject)) && charset_is_utf8(m.message_id, strlen(m.message_id)) &&
		charset_is_utf8(m.dkim, strlen(m.dkim)), "what becomes a label is text");
	for (const char *p = m.from; *p; p++)
		promise(*p > ' ' && *p < 0x7f, "a sender is plain");
	promise(!mail_is_from(&m, senders, 1) || strstr(m.from, "@qx.example"), "a sender is who it says");
	mail_fini(&m);
}

static void
look_at_kept(const char *text)
{
	char again[SEEN_TEXT];
	struct seen s;

	seen_read(&s, "a", text);
	seen_text(&s, "a", again);
	promise((!s.known && !s.count) || strncmp(text, again, strlen(again)) == 0 || strlen(text) >= SEEN_TEXT,
		"what is kept is what was read");
	seen_fini(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct list_rules rules[] = {
		{ 0 }, { .entries = true }, { .items = "/w", .id = "/id", .link = "/l", .document = "/d" },
	};
	char *text;

	if (!size)
		return 0;
	text = xmalloc(size);		/* no NUL: a body has a length */
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 5 == 4)
		look_at_kept(text);
	else if (data[0] % 5 == 3)
		look_at_mail(text, size - 1);
	else
		look_at_feed(&rules[data[0] % 5], text, size - 1);
	free(text);
	return 0;
}
