/* national.c -- format `national`: the warnings of China's national platform (GB/T 35965.1-2018, identifiers
 * by GB/T 34283-2017), CAP's relative without a namespace: sendTime, senderCode, codes of events, colours as
 * severities, lists of 12-digit codes, references that are bare identifiers.  What its elements are called
 * and what its codes mean stands in the mapping file, for newer editions of the standard change them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/parse/message.h"
#include "drivers/parse/shape.h"
#include "files/instant.h"

#define BETWEEN " \t\r\n,;"
#define OLD_IDENTIFIER 29		/* 14 digits, "_", 14 digits: before there was a number behind them */

struct national {
	const struct message *message;
	const struct xml_node *alert;
	enum signal_act act;
	enum signal_mode mode;
	msec sent_at;
	bool shapes_lost;
};

/* What an element is called in this edition. */
static const char *
called(const struct national *n, const char *name)
{
	const char *theirs = message_word(n->message, "elements", name);

	return theirs ? theirs : name;
}

static const char *
text(const struct national *n, const struct xml_node *of, const char *name)
{
	return xml_text(of, called(n, name));
}

/* Beijing's time where no zone is said. */
static msec
time_of(const char *said)
{
	char with_zone[64];
	msec at;

	if (!said)
		return 0;
	if (time_parse_rfc3339(&at, said) == 0)
		return at;
	snprintf(with_zone, sizeof(with_zone), "%.40s+08:00", said);
	return time_parse_rfc3339(&at, with_zone) == 0 ? at : 0;
}

static int
take_alert(struct national *n, const struct xml_node *root, struct err *err)
{
	n->alert = root;
	if (strcmp(root->name, called(n, "alert")) != 0 || *root->uri)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), national_root, QUOTE(root->name),
			       QUOTE(root->uri));
	if (!text(n, root, "identifier"))
		return message_lacks("identifier", err);
	if (!text(n, root, "sent"))
		return message_lacks(called(n, "sent"), err);
	n->sent_at = time_of(text(n, root, "sent"));
	if (n->sent_at <= 0)
		return message_strange(called(n, "sent"), text(n, root, "sent"), err);
	return message_sense(text(n, root, "status"), text(n, root, "msgType"), &n->act, &n->mode, err);
}

/* The old form of an identifier is the first of its numbers. */
static void
put_ref(char out[SIGNAL_REF_MAX + 1], const char *identifier, size_t len, const char *part)
{
	snprintf(out, SIGNAL_REF_MAX + 1, "%.*s%s#%s", (int)(len < 200 ? len : 200), identifier,
		 len == OLD_IDENTIFIER ? "_0" : "", part);
}

static void
take_refs(const struct national *n, struct signal *s)
{
	const char *at = text(n, n->alert, "references");
	char ref[SIGNAL_REF_MAX + 1];

	while (at && *(at += strspn(at, BETWEEN))) {
		size_t len = strcspn(at, BETWEEN);

		put_ref(ref, at, len, "");	/* all of that message */
		signal_ref_add(s, ref);
		at += len;
	}
}

/* What they would have had sent by each of their ways, for rules that want just that. */
static void
take_methods(const struct national *n, struct signal *s)
{
	const struct xml_node *code = xml_child(n->alert, called(n, "code"));

	for (const struct xml_node *m = code ? xml_child(code, called(n, "method")) : NULL; m; m = xml_again(m)) {
		const char *name = text(n, m, "methodName");
		char label[SIGNAL_NAME_MAX * 2];

		if (name) {
			snprintf(label, sizeof(label), "message_%s", name);
			signal_label(s, label, text(n, m, "message"));
		}
	}
}

static int
severity_of(const struct national *n, const char *theirs)
{
	const char *ours = message_word(n->message, "severities", theirs);

	return ours ? severity_parse(ours) : -1;
}

static void
take_area(struct national *n, struct signal *s, const struct xml_node *area)
{
	struct signal_area *a = signal_area_add(s, text(n, area, "areaDesc"));
	const char *codes = text(n, area, "geocode");

	if (!a)
		return;
	if (codes)
		shape_codes(s, a, "", codes);
	for (const struct xml_node *p = xml_child(area, called(n, "polygon")); p; p = xml_again(p))
		n->shapes_lost |= *p->text && !shape_polygon(s, a, p->text);
	for (const struct xml_node *p = xml_child(area, called(n, "circle")); p; p = xml_again(p))
		n->shapes_lost |= *p->text && !shape_circle(s, a, p->text);
}

static void
take_words(const struct national *n, struct signal *s, const struct xml_node *info)
{
	static const char *const texts[][2] = {
		{ "sender_name", "senderName" }, { "headline", "headline" }, { "description", "description" },
		{ "instruction", "instruction" }, { "contact", "contact" },
	};
	static const char *const labels[] = { "event", "urgency", "severity", "certainty" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (text(n, info, texts[i][1]))
			signal_text_set(s, LANG_ZH, texts[i][0], text(n, info, texts[i][1]));
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		signal_label(s, labels[i], text(n, info, labels[i]));
}

static void
take_info(struct national *n, struct signal *s, const struct xml_node *info)
{
	const char *event = text(n, info, "event"), *kind = message_word(n->message, "kinds", event);

	signal_set(s, &s->kind, kind ? kind : event, SIGNAL_NAME_MAX);
	s->severity = severity_of(n, text(n, info, "severity"));
	s->onset_at = time_of(text(n, info, "onset"));
	if (!s->onset_at)
		s->onset_at = time_of(text(n, info, "effective"));
	s->expires_at = time_of(text(n, info, "expires"));
	take_words(n, s, info);
	for (const struct xml_node *a = xml_child(info, called(n, "area")); a; a = xml_again(a))
		take_area(n, s, a);
}

static struct signal *
add_signal(struct national *n, struct signal_post *out, size_t part)
{
	static const char *const labels[] = {
		"identifier", "sender", "senderCode", "status", "msgType", "scope", "secClassification", "note",
	};
	const char *identifier = text(n, n->alert, "identifier");
	char ref[SIGNAL_REF_MAX + 1], number[24];
	struct signal *s = signal_post_add(out);

	if (!s)
		return NULL;
	s->act = n->act;
	s->mode = n->mode;
	s->sent_at = n->sent_at;
	put_ref(ref, identifier, strlen(identifier), number_text(number, (long long)part));
	signal_set(s, &s->ref, ref, SIGNAL_REF_MAX);
	take_refs(n, s);
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		signal_label(s, labels[i], text(n, n->alert, labels[i]));
	take_methods(n, s);
	return s;
}

static int
take_infos(struct national *n, struct signal_post *out, struct err *err)
{
	const struct xml_node *info = xml_child(n->alert, called(n, "info"));
	bool once = n->act > SIGNAL_UPDATE;	/* it ends or notes the whole message */
	size_t part = 0;

	do {
		struct signal *s = add_signal(n, out, ++part);
		struct said why;

		if (!s)
			return err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), signals_too_many,
				       NUM(SIGNAL_POST_MAX));
		if (info) {
			take_info(n, s, info);
			info = xml_again(info);
		} else if (!once) {
			SAY(&why, cap_no_info);
			signal_post_fault(out, &why);
		}
	} while (info && !once);
	return 0;
}

int
format_national(struct signal_post *out, const struct message *m, struct err *err)
{
	struct xml_node *root = xml_read(m->bytes, m->len, err);
	struct national n = { .message = m };
	int rc = root ? take_alert(&n, root, err) : -1;

	if (rc == 0)
		rc = take_infos(&n, out, err);
	if (rc == 0 && n.shapes_lost) {
		out->problem = xmalloc(sizeof(*out->problem));
		SAY(out->problem, cap_shape_lost, text(&n, root, "identifier"));
	}
	xml_free(root);
	return rc;
}
