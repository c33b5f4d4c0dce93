/* test_feed.c -- what gong-feed makes of feeds and mails before anything is fetched. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "drivers/feed/address.h"
#include "drivers/feed/charset.h"
#include "drivers/feed/list.h"
#include "drivers/feed/mail.h"
#include "drivers/feed/seen.h"

#define CAP "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>1</identifier></alert>"

/* What a feed comes to, one line an item: "id|link|body". */
static char *
told(const struct list *l)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < l->count; i++)
		buf_printf(&out, "%s|%s|%s\n", l->items[i].id, l->items[i].link ? l->items[i].link : "-",
			   l->items[i].body ? l->items[i].body : "-");
	return buf_take(&out);
}

struct list_case {
	const char *sentence, *feed, *wanted;	/* wanted: told, or, beginning with "!", the error */
	struct list_rules rules;
};

static const struct list_case list_cases[] = {
	{ "Atom: the link that is CAP goes before the page, whatever their order",
	  "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><link href='/self'/><entry><id>a</id>"
	  "<link rel='alternate' href='/a.html'/><link rel='related' type='application/cap+xml' href='/a.cap'/>"
	  "</entry><entry><id>b</id><link href=' /b.cap'/></entry></feed>",
	  "a|/a.cap|-\nb| /b.cap|-\n", { 0 } },
	{ "RSS 2.0: guid and link; an enclosure that is CAP goes before it",
	  "<rss version='2.0'><channel><link>http://x/</link><item><guid>g1</guid><link> http://x/1\n</link></item>"
	  "<item><link>http://x/2</link><enclosure url='http://x/2.cap' type='application/cap+xml'/></item>"
	  "</channel></rss>",
	  "g1|http://x/1|-\nhttp://x/2.cap|http://x/2.cap|-\n", { 0 } },
	{ "RSS 1.0 of RDF", "<rdf:RDF xmlns:rdf='r'><item><link>http://x/1</link></item></rdf:RDF>",
	  "http://x/1|http://x/1|-\n", { 0 } },
	{ "a whole CAP message inside is the document",
	  "<feed><entry><id>a</id><content type='text/xml'>" CAP "</content><link href='/a'/></entry></feed>",
	  "a|-|" CAP "\n", { 0 } },
	{ "one whose namespace is declared outside has lost it: its link is used",
	  "<feed xmlns:c='urn:c'><entry><id>a</id><content><c:alert>x</c:alert></content><link href='/a'/></entry>"
	  "</feed>", "a|/a|-\n", { 0 } },
	{ "an entry itself as JSON, the first of a name",
	  "<feed><entry><id>a</id><title> T &amp; t</title><c>1</c><c>2</c><e/></entry></feed>",
	  "a|-|{\"id\":\"a\",\"title\":\"T & t\",\"c\":\"1\"}\n", { .entries = true } },
	{ "CAP alone is one document", "\xef\xbb\xbf " CAP, "|-|" CAP "\n", { 0 } },
	{ "JSON alone is one document, as it came", "{\"b\": 1, \"a\":2}", "|-|{\"b\": 1, \"a\":2}\n", { 0 } },
	{ "a list in JSON: each element a document",
	  "{\"w\":[{\"uuid\":\"u1\",\"alert\":{\"x\":1}},{\"uuid\":2,\"alert\":\"text\"},{\"alert\":null}]}",
	  "u1|-|{\"x\":1}\n2|-|text\n|-|null\n",
	  { .items = "/w", .id = "/uuid", .document = "/alert" } },
	{ "a list in JSON with links", "[{\"a/b\":\"/1\"}]", "!its JSON has no list at /x",
	  { .items = "/x", .link = "/a~1b" } },
	{ "a list at the top with links", "[{\"a/b\":\"/1\"},{}]", "|/1|-\n|-|{}\n",
	  { .items = "", .link = "/a~1b" } },
	{ "no entries are no fault", "<feed xmlns='http://www.w3.org/2005/Atom'/>", "", { 0 } },
	{ "a page of HTML is no feed", "<html><body/></html>",
	  "!this is no feed, nor CAP: its XML begins with <html>", { 0 } },
	{ "a DOCTYPE is refused", "<!DOCTYPE feed [<!ENTITY a 'b'>]><feed>&a;</feed>",
	  "!the XML is refused: it has a DOCTYPE", { 0 } },
	{ "an instruction is refused", "<feed><?php x?></feed>",
	  "!the XML is refused: it has a processing instruction", { 0 } },
	{ "but a sheet for browsers at the top is passed over", "<?xml-stylesheet href='x'?><feed/>", "", { 0 } },
	{ "what ends too early is no feed", "<feed><entry>", "!this is no XML: no element found, in line 1", { 0 } },
	{ "nothing is no feed", " \n", "!it is empty", { 0 } },
	{ "GBK where it is declared",
	  "<?xml version=\"1.0\" encoding=\"gb2312\"?><feed><entry><id>\xb1\xa9\xd3\xea</id></entry></feed>",
	  "暴雨|-|-\n", { 0 } },
	{ "ISO 8859-1 where it is declared",
	  "<?xml version='1.0' encoding='ISO-8859-1'?><feed><entry><id>\xe9</id></entry></feed>", "é|-|-\n", { 0 } },
};

static void
feeds_are_read_for_their_items(void **state)
{
	for (size_t i = 0; i < sizeof(list_cases) / sizeof(*list_cases); i++) {
		const struct list_case *c = &list_cases[i];
		struct err err = { .text = "" };
		struct list l;
		int rc = list_read(&l, &c->rules, c->feed, strlen(c->feed), &err);
		char *got = told(&l);

		if (c->wanted[0] == '!' ? rc == 0 || strcmp(err.text, c->wanted + 1) != 0
		    : rc < 0 || strcmp(got, c->wanted) != 0)
			fail_msg("%s: got %s%s", c->sentence, got, err.text);
		free(got);
		list_fini(&l);
	}
}

static list_mark
mark_of(const char *feed)
{
	struct err err;
	struct list l;
	list_mark mark;

	assert_int_equal(list_read(&l, &(struct list_rules){ 0 }, feed, strlen(feed), &err), 0);
	assert_int_equal(l.count, 1);
	mark = l.items[0].mark;
	list_fini(&l);
	return mark;
}

static void
an_item_that_changed_is_another_one(void **state)
{
	const char *a = "<feed><entry><id>a</id><updated>1</updated></entry></feed>";

	assert_true(mark_of(a) == mark_of(a));
	assert_true(mark_of(a) != mark_of("<feed><entry><id>a</id><updated>2</updated></entry></feed>"));
	assert_true(mark_of(a) != mark_of("<feed><entry><id>b</id><updated>1</updated></entry></feed>"));
}

static void
a_deep_feed_is_refused(void **state)
{
	struct buf deep = { 0 };
	struct err err = { .text = "" };
	struct list l;

	for (int i = 0; i < 40; i++)
		buf_puts(&deep, "<feed>");
	assert_int_equal(list_read(&l, &(struct list_rules){ 0 }, deep.data, deep.len, &err), -1);
	assert_string_equal(err.text, "the XML is refused: it is more than 32 elements deep");
	buf_fini(&deep);
}

static void
a_long_feed_is_cut_and_says_so(void **state)
{
	struct buf feed = { 0 };
	struct err err;
	struct list l;

	buf_puts(&feed, "<feed>");
	for (int i = 0; i < LIST_MAX + 3; i++)
		buf_printf(&feed, "<entry><id>%d</id></entry>", i);
	buf_puts(&feed, "</feed>");
	assert_int_equal(list_read(&l, &(struct list_rules){ 0 }, feed.data, feed.len, &err), 0);
	assert_int_equal(l.count, LIST_MAX);
	assert_int_equal(l.left_out, 3);
	list_fini(&l);
	buf_fini(&feed);
}

/* -- what was seen -- */

static void
what_was_taken_is_kept(void **state)
{
	list_mark marks[3000];
	struct seen s, again;
	char kept[SEEN_TEXT];

	seen_read(&s, "http://a", NULL);
	assert_false(s.known);
	seen_add(&s, NULL, 0);
	assert_int_equal(s.count, 0);
	for (size_t i = 0; i < 3000; i++)
		marks[i] = list_mark_of((const char *)&i, sizeof(i));
	seen_add(&s, marks + 500, 2500);
	seen_add(&s, marks, 600);
	assert_int_equal(s.count, 3000);
	seen_text(&s, "http://a", kept);
	seen_read(&again, "http://a", kept);
	assert_true(!again.known && seen_has(&again, marks[0]));	/* the first look goes on */
	seen_fini(&again);
	s.known = true;
	seen_text(&s, "http://a", kept);
	assert_true(strlen(kept) < SEEN_TEXT && strlen(kept) > SEEN_TEXT - 10);
	seen_read(&again, "http://a", kept);
	assert_true(again.known && again.count > 2300 && again.count < 2400);
	assert_true(seen_has(&again, marks[0]) && seen_has(&again, marks[2300]));
	assert_false(seen_has(&again, marks[2999]));	/* the older ones have no room */
	assert_true(seen_has(&s, marks[2999]));
	seen_fini(&again);
	seen_read(&again, "http://b", kept);
	assert_false(again.known || again.count);	/* another feed begins anew */
	seen_fini(&again);
	seen_fini(&s);
}

/* -- mails -- */

#define HEAD "From: =?gbk?B?xvjP87PW?= <Duty@Qx.Example>\r\nSubject: =?UTF-8?B?5pq06Zuo?= =?utf-8?q?_red?=\r\n" \
	"To: gong@x\r\nMessage-ID: <1@x>\r\nDate: Tue, 1 Dec 2026 10:00:00 +0800\r\n"

struct mail_case {
	const char *sentence, *mail;
	const char *wanted;		/* the documents, a "|" after each */
};

static const struct mail_case mail_cases[] = {
	{ "a text is JSON for the rules file", HEAD "\r\nmove now\r\n",
	  "{\"from\":\"duty@qx.example\",\"subject\":\"暴雨 red\",\"message_id\":\"<1@x>\",\"to\":\"gong@x\","
	  "\"date\":\"Tue, 1 Dec 2026 10:00:00 +0800\",\"text\":\"move now\\r\\n\"}|" },
	{ "GBK in base64",
	  "Content-Type: text/plain; charset=\"gb2312\"\nContent-Transfer-Encoding: base64\nFrom: a@b\n\nsanT6g==\n",
	  "{\"from\":\"a@b\",\"subject\":\"\",\"message_id\":\"\",\"to\":\"\",\"date\":\"\",\"text\":\"暴雨\"}|" },
	{ "an attached CAP is the document, not the text beside it",
	  HEAD "Content-Type: multipart/mixed; boundary=\"=_b 1\"\r\n\r\npreamble\r\n--=_b 1\r\n\r\nhello\r\n"
	  "--=_b 1\r\nContent-Type: application/cap+xml\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	  "<alert a=3D\"=\r\nb\"/>\r\n--=_b 1--\r\nepilogue", "<alert a=\"b\"/>\r\n|" },
	{ "a name will do, too, and of alternatives inside, both",
	  "From: a@b\nContent-Type: multipart/mixed;\n boundary=o\n\n--o\nContent-Type: multipart/alternative; "
	  "boundary=i\n\n--i\nContent-Type: application/octet-stream\nContent-Disposition: attachment; "
	  "filename=\"a;b.JSON\"\n\n{}\n--i\nContent-Type: application/json\n\n[1]\n--i--\n--o--\n", "{}\n|[1]\n|" },
	{ "a text that is JSON is the document", HEAD "\r\n {\"a\":1}", " {\"a\":1}|" },
	{ "a boundary that never comes leaves the mail itself",
	  "From: a@b\nContent-Type: multipart/mixed; boundary=o\n\nnothing",
	  "{\"from\":\"a@b\",\"subject\":\"\",\"message_id\":\"\",\"to\":\"\",\"date\":\"\",\"text\":\"\"}|" },
};

static void
mails_are_documents(void **state)
{
	for (size_t i = 0; i < sizeof(mail_cases) / sizeof(*mail_cases); i++) {
		const struct mail_case *c = &mail_cases[i];
		struct buf got = { 0 };
		struct mail m;

		mail_read(&m, NULL, c->mail, strlen(c->mail));
		for (size_t n = 0; n < m.count; n++) {
			buf_add(&got, m.files[n].bytes, m.files[n].len);
			buf_puts(&got, "|");
		}
		if (strcmp(got.data ? got.data : "", c->wanted) != 0)
			fail_msg("%s: got %s", c->sentence, got.data);
		buf_fini(&got);
		mail_fini(&m);
	}
}

struct from_case {
	const char *head, *from;
};

static const struct from_case from_cases[] = {
	{ "From: Duty@QX.example", "duty@qx.example" },
	{ "from:\r\n \"Bureau, \\\"Weather\\\"\" <duty@qx.example>", "duty@qx.example" },
	{ "From: good@x <evil@y>", "evil@y" },
	{ "From: evil@y, <good@x>", "" },
	{ "From: good@x, evil@y", "" },
	{ "From: <good@x> <evil@y>", "" },
	{ "From: <good@x> evil@y", "" },
	{ "From: \"<good@x>\" <evil@y>", "evil@y" },
	{ "From: good@x\r\nFrom: evil@y", "" },
	{ "From: g\xe9@x", "" },
	{ "From: good@x@y", "" },
	{ "Subject: x", "" },
};

static void
only_one_plain_sender_is_believed(void **state)
{
	for (size_t i = 0; i < sizeof(from_cases) / sizeof(*from_cases); i++) {
		struct mail m;

		mail_read(&m, NULL, from_cases[i].head, strlen(from_cases[i].head));
		if (strcmp(m.from, from_cases[i].from) != 0)
			fail_msg("%s: got \"%s\"", from_cases[i].head, m.from);
		mail_fini(&m);
	}
}

static void
senders_are_addresses_or_domains(void **state)
{
	static const char *const senders[] = { "duty@qx.example", "@flood.example" };
	static const struct { const char *head; bool may; } cases[] = {
		{ "From: DUTY@qx.example", true }, { "From: x@qx.example", false },
		{ "From: x@flood.example", true }, { "From: x@a.flood.example", false },
		{ "From: x@aflood.example", false }, { "From: @flood.example", false }, { "From: ", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mail m;

		mail_read(&m, NULL, cases[i].head, strlen(cases[i].head));
		if (mail_is_from(&m, senders, 2) != cases[i].may)
			fail_msg("%s", cases[i].head);
		mail_fini(&m);
	}
}

static const struct from_case dkim_cases[] = {
	{ "Authentication-Results: mx.x; dkim=pass (2048; unprotected) header.d=qx.example\nFrom: a@qx.example", "pass" },
	{ "Authentication-Results: mx.x; dkim=pass header.d=qx.example\nFrom: a@b.qx.example", "pass" },
	{ "Authentication-Results: mx.x; dkim=pass header.d=evil.y\nFrom: a@qx.example", "other" },
	{ "Authentication-Results: mx.x; dkim=pass header.d=evil.y; dkim=pass header.d=x.example\nFrom: a@x.example",
	  "pass" },
	{ "Authentication-Results: mx.x; dkim=pass header.d=example\nFrom: a@qx.example", "other" },
	{ "Authentication-Results: mx.x; spf=pass; dkim=fail header.d=qx.example\nFrom: a@qx.example", "fail" },
	{ "Authentication-Results: mx.x 1; dkim=none\nFrom: a@qx.example", "none" },
	{ "Authentication-Results: mx.xy; dkim=pass header.d=qx.example\nFrom: a@qx.example", "" },
	{ "Authentication-Results: a.b; dkim=none\nAuthentication-Results: mx.x; dkim=pass header.d=q.e\nFrom: a@q.e", "" },
	{ "From: a@qx.example", "" },
};

static void
a_signature_is_what_their_own_server_says(void **state)
{
	for (size_t i = 0; i < sizeof(dkim_cases) / sizeof(*dkim_cases); i++) {
		const char *mail = dkim_cases[i].head;
		struct mail m;

		mail_read(&m, "mx.x", mail, strlen(mail));
		if (strcmp(m.dkim, dkim_cases[i].from) != 0)
			fail_msg("%s: got \"%s\"", mail, m.dkim);
		mail_fini(&m);
		mail_read(&m, NULL, mail, strlen(mail));
		assert_string_equal(m.dkim, "");
		mail_fini(&m);
	}
}

static void
what_cannot_be_read_is_marked(void **state)
{
	struct buf out = { 0 };

	charset_add(&out, "gbk", "a\xff", 2);
	charset_add(&out, "no such", "b\xe6\xb0\xb4\xe6", 5);
	charset_add(&out, "UTF-8//IGNORE", "\xff", 1);
	assert_string_equal(out.data, "a\xef\xbf\xbd" "b水\xef\xbf\xbd\xef\xbf\xbd");
	assert_true(charset_is_utf8(out.data, out.len));
	buf_reset(&out);
	charset_add(&out, NULL, "\xf4\xb3\x8e\x9c|\0|", 7);	/* beyond Unicode, and a NUL */
	assert_true(charset_is_utf8(out.data, out.len));
	assert_string_equal(strchr(out.data, '|'), "|\xef\xbf\xbd|");
	buf_fini(&out);
}

/* -- whom it may ask -- */

static const struct { const char *address; bool may; } address_cases[] = {
	{ "203.0.113.7", true }, { "10.1.2.3", true }, { "192.168.1.1", true }, { "2001:db8::1", true },
	{ "fd00::1", true }, { "64:ff9b::cb00:7107", true },
	{ "127.0.0.1", false }, { "127.9.9.9", false }, { "0.0.0.0", false }, { "0.1.2.3", false },
	{ "169.254.169.254", false }, { "224.0.0.1", false }, { "255.255.255.255", false },
	{ "::", false }, { "::1", false }, { "::127.0.0.1", false }, { "fe80::1", false }, { "febf::1", false },
	{ "ff02::1", false }, { "::ffff:127.0.0.1", false }, { "::ffff:169.254.169.254", false },
	{ "64:ff9b::7f00:1", false },
	{ "127.0.0.2", true },		/* listed */
};

static void
only_addresses_on_the_network_are_asked(void **state)
{
	const struct conf conf = { .hosts = { "feeds.example", "127.0.0.2" }, .host_count = 2 };

	for (size_t i = 0; i < sizeof(address_cases) / sizeof(*address_cases); i++) {
		const char *text = address_cases[i].address;
		struct sockaddr_in six_or_four[4] = { 0 };
		struct sockaddr *to = (struct sockaddr *)six_or_four;
		char shown[INET6_ADDRSTRLEN];

		to->sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
		assert_int_equal(inet_pton(to->sa_family, text, to->sa_family == AF_INET6
			? (void *)&((struct sockaddr_in6 *)to)->sin6_addr
			: (void *)&((struct sockaddr_in *)to)->sin_addr), 1);
		if (address_may_connect(&conf, to, shown, sizeof(shown)) != address_cases[i].may)
			fail_msg("%s", text);
	}
}

static void
hosts_are_listed_with_or_without_a_port(void **state)
{
	static const struct { const char *host, *port; bool may; } cases[] = {
		{ "a.example", "443", true }, { "A.Example", "8080", true }, { "b.example", "81", true },
		{ "b.example", "80", false }, { "x.a.example", "443", false }, { "[::1]", "80", true },
		{ "[2001:db8::1]", "444", true }, { "[2001:db8::1]", "443", false }, { "[2001:db8::2]", "80", true },
	};
	const struct conf conf = { .host_count = 5, .hosts = {
		"a.example", "b.example:81", "::1", "[2001:db8::1]:444", "[2001:db8::2]" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (address_is_listed(&conf, cases[i].host, cases[i].port) != cases[i].may)
			fail_msg("%s %s", cases[i].host, cases[i].port);
	assert_true(address_is_literal("127.1.2.3") && address_is_literal("[::1]") && address_is_literal("LOCALHOST"));
	assert_false(address_is_literal("localhost.example") || address_is_literal("1.2.3"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feeds_are_read_for_their_items),
		cmocka_unit_test(an_item_that_changed_is_another_one),
		cmocka_unit_test(a_deep_feed_is_refused),
		cmocka_unit_test(a_long_feed_is_cut_and_says_so),
		cmocka_unit_test(what_was_taken_is_kept),
		cmocka_unit_test(mails_are_documents),
		cmocka_unit_test(only_one_plain_sender_is_believed),
		cmocka_unit_test(senders_are_addresses_or_domains),
		cmocka_unit_test(a_signature_is_what_their_own_server_says),
		cmocka_unit_test(what_cannot_be_read_is_marked),
		cmocka_unit_test(only_addresses_on_the_network_are_asked),
		cmocka_unit_test(hosts_are_listed_with_or_without_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
