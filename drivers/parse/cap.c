/* cap.c -- format `cap`: Common Alerting Protocol 1.1 and 1.2 (OASIS).
 *
 * A message is one or several signals: one for each (event, severity, certainty, area) among its infos, and
 * only languages of the same are put together.  Its ref is "sender,identifier,sent#N"; what it names in
 * references is all of that message, "sender,identifier,sent#" (core/signal.h). */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "drivers/parse/message.h"
#include "drivers/parse/shape.h"
#include "files/instant.h"

#define BLANKS " \t\r\n"
#define INFOS_MAX 256
#define TRIPLE_MAX (SIGNAL_REF_MAX - 8)	/* room for "#N" */

/* Infos that are one signal. */
struct group {
	const struct xml_node *infos[INFOS_MAX];
	size_t count;
	char *areas;			/* of the first, written out */
};

struct cap {
	const struct message *message;
	struct signal_post *post;
	const struct xml_node *alert;
	enum signal_act act;
	enum signal_mode mode;
	msec sent_at;
	char triple[TRIPLE_MAX + 1];
	struct group *groups;
	size_t group_count;
	bool shapes_lost;		/* some polygon or circle is none */
};

/* -- the message -- */

static bool
is(const struct xml_node *n, const char *child, const char *word)
{
	const char *text = xml_text(n, child);

	return text && strcmp(text, word) == 0;
}

/* As a ref of a message everywhere; one that is too long by its digest. */
static void
put_triple(char out[TRIPLE_MAX + 1], const char *text, size_t len)
{
	unsigned char hash[32];

	if (len <= TRIPLE_MAX) {
		memcpy(out, text, len);
		out[len] = '\0';
		return;
	}
	EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static int
take_identity(struct cap *c, struct err *err)
{
	const char *identifier = xml_text(c->alert, "identifier"), *sender = xml_text(c->alert, "sender");
	const char *sent = xml_text(c->alert, "sent");
	struct buf triple = { 0 };

	if (!identifier || !sender || !sent)
		return message_lacks(!identifier ? "identifier" : !sender ? "sender" : "sent", err);
	if (time_parse_rfc3339(&c->sent_at, sent) < 0)
		return message_strange("sent", sent, err);
	buf_printf(&triple, "%s,%s,%s", sender, identifier, sent);
	put_triple(c->triple, triple.data, triple.len);
	buf_fini(&triple);
	return 0;
}

static int
take_root(struct cap *c, const struct xml_node *root, struct err *err)
{
	if (strcmp(root->name, "alert") != 0 || (strcmp(root->uri, "urn:oasis:names:tc:emergency:cap:1.2") != 0 &&
						 strcmp(root->uri, "urn:oasis:names:tc:emergency:cap:1.1") != 0))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), cap_namespace, QUOTE(root->name),
			       QUOTE(root->uri));
	c->alert = root;
	if (take_identity(c, err) < 0 ||
	    message_sense(xml_text(root, "status"), xml_text(root, "msgType"), &c->act, &c->mode, err) < 0)
		return -1;
	if (!xml_text(root, "scope"))
		return message_lacks("scope", err);
	return 0;
}

/* -- which infos are one signal -- */

static bool
is_same_text(const struct xml_node *a, const struct xml_node *b, const char *child)
{
	const char *x = xml_text(a, child), *y = xml_text(b, child);

	return strcmp(x ? x : "", y ? y : "") == 0;
}

static void
put_codes(struct buf *out, const struct xml_node *area)
{
	for (const struct xml_node *g = xml_child(area, "geocode"); g; g = xml_again(g)) {
		const char *name = xml_text(g, "valueName"), *value = xml_text(g, "value");

		buf_printf(out, "%s=%s\n", name ? name : "", value ? value : "");
	}
}

/* Its places but for their names, which are another language's. */
static char *
areas_of(const struct xml_node *info)
{
	static const char *const shapes[] = { "polygon", "circle" };
	struct buf out = { 0 };

	buf_puts(&out, "");
	for (const struct xml_node *a = xml_child(info, "area"); a; a = xml_again(a)) {
		for (size_t i = 0; i < 2; i++)
			for (const struct xml_node *n = xml_child(a, shapes[i]); n; n = xml_again(n))
				buf_printf(&out, "%s\n", n->text);
		put_codes(&out, a);
	}
	return buf_take(&out);
}

/* Texts in Chinese are Chinese, whatever is said of them or left unsaid (then CAP means en-US). */
static enum lang
language_of(const struct xml_node *info)
{
	const char *said = xml_text(info, "language"), *text = xml_text(info, "headline");

	if (said)
		return strncasecmp(said, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
	if (!text)
		text = xml_text(info, "event");
	for (; text && *text; text++)
		if ((unsigned char)*text >= 0xe4 && (unsigned char)*text <= 0xe9)
			return LANG_ZH;
	return LANG_EN;
}

static bool
has_language(const struct group *g, const struct xml_node *info)
{
	for (size_t i = 0; i < g->count; i++)
		if (is_same_text(g->infos[i], info, "language"))
			return true;
	return false;
}

/* The same event said again: in its own language word for word, in another one in the same terms. */
static bool
is_of(const struct group *g, const struct xml_node *info, const char *areas, bool same_areas)
{
	const struct xml_node *first = g->infos[0];

	if (g->count == INFOS_MAX || !is_same_text(first, info, "severity") ||
	    !is_same_text(first, info, "certainty") || (same_areas && strcmp(g->areas, areas) != 0))
		return false;
	if (!has_language(g, info))
		return is_same_text(first, info, "urgency") && is_same_text(first, info, "category");
	return same_areas && is_same_text(first, info, "event") && is_same_text(first, info, "language");
}

static void
add_to_groups(struct cap *c, const struct xml_node *info)
{
	char *areas = areas_of(info);
	struct group *g = NULL;

	/* Those that name the same places first; else the languages stand in the same order. */
	for (int same = 1; same >= 0 && !g; same--)
		for (size_t i = 0; i < c->group_count && !g; i++)
			if (is_of(&c->groups[i], info, areas, same))
				g = &c->groups[i];
	if (!g) {
		c->groups = xrealloc(c->groups, (c->group_count + 1) * sizeof(*c->groups));
		g = &c->groups[c->group_count++];
		g->count = 0;
		g->areas = areas;
		areas = NULL;
	}
	g->infos[g->count++] = info;
	free(areas);
}

/* -- an info -- */

static const char *
valued(const struct xml_node *info, const char *list, const char *name)
{
	for (const struct xml_node *n = xml_child(info, list); n; n = xml_again(n))
		if (is(n, "valueName", name))
			return xml_text(n, "value");
	return NULL;
}

static void
put_valued(struct signal *s, const struct xml_node *info, const char *list, const char *prefix)
{
	for (const struct xml_node *n = xml_child(info, list); n; n = xml_again(n)) {
		char name[SIGNAL_NAME_MAX * 2];
		const char *value_name = xml_text(n, "valueName");

		if (value_name) {
			snprintf(name, sizeof(name), "%s%s", prefix, value_name);
			signal_label(s, name, xml_text(n, "value"));
		}
	}
}

/* MeteoAlarm: "3; orange; Severe".  Green is no warning. */
static const char *
awareness_colour(char room[16], const char *level)
{
	const char *at = level ? strchr(level, ';') : NULL;
	size_t len;

	if (!at)
		return NULL;
	at += 1 + strspn(at + 1, BLANKS);
	len = strcspn(at, "; \t\r\n");
	if (!len || len > 15)
		return NULL;
	memcpy(room, at, len);
	room[len] = '\0';
	return room;
}

static int
severity_of(const struct message *m, const struct xml_node *info)
{
	static const struct { const char *word; int severity; } cap[] = {
		{ "Extreme", SEVERITY_RED }, { "Severe", SEVERITY_ORANGE }, { "Moderate", SEVERITY_YELLOW },
		{ "Minor", SEVERITY_BLUE },
	};
	const char *theirs = xml_text(info, "severity"), *ours = message_word(m, "severities", theirs);
	const char *colour = valued(info, "parameter", "gong:colour");
	char room[16];

	if (!colour)
		colour = awareness_colour(room, valued(info, "parameter", "awareness_level"));
	if (colour)
		return severity_parse(colour);
	if (ours)
		return severity_parse(ours);
	for (size_t i = 0; theirs && i < sizeof(cap) / sizeof(*cap); i++)
		if (strcmp(cap[i].word, theirs) == 0)
			return cap[i].severity;
	return -1;
}

/* Its code as the mapping file has it, its name so, or its name as it is. */
static void
take_kind(struct signal *s, const struct message *m, const struct xml_node *info)
{
	const char *kind = valued(info, "eventCode", "gong:kind"), *event = xml_text(info, "event");

	for (const struct xml_node *n = xml_child(info, "eventCode"); n && !kind; n = xml_again(n))
		kind = message_word(m, "kinds", xml_text(n, "value"));
	if (!kind)
		kind = message_word(m, "kinds", event);
	signal_set(s, &s->kind, kind ? kind : event, SIGNAL_NAME_MAX);
}

static msec
time_of(const struct xml_node *info, const char *child)
{
	const char *text = xml_text(info, child);
	msec at;

	return text && time_parse_rfc3339(&at, text) == 0 && at > 0 ? at : 0;
}

static void
take_texts(struct signal *s, const struct xml_node *info)
{
	static const char *const texts[][2] = {
		{ "sender_name", "senderName" }, { "event", "event" }, { "headline", "headline" },
		{ "description", "description" }, { "instruction", "instruction" }, { "contact", "contact" },
	};
	enum lang lang = language_of(info);

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!signal_text(s, lang, texts[i][0]) && xml_text(info, texts[i][1]))
			signal_text_set(s, lang, texts[i][0], xml_text(info, texts[i][1]));
}

/* `shapes`: where another language has named these places by code, polygons only draw them again. */
static void
take_area(struct cap *c, struct signal *s, const struct xml_node *area, bool shapes)
{
	struct signal_area *a = signal_area_add(s, xml_text(area, "areaDesc"));

	if (!a)
		return;
	for (const struct xml_node *n = xml_child(area, "geocode"); n; n = xml_again(n)) {
		const char *name = xml_text(n, "valueName"), *value = xml_text(n, "value");

		if (value)
			shape_codes(s, a, name ? name : "", value);
	}
	for (const struct xml_node *n = xml_child(area, "polygon"); n && shapes; n = xml_again(n))
		c->shapes_lost |= *n->text && !shape_polygon(s, a, n->text);
	for (const struct xml_node *n = xml_child(area, "circle"); n && shapes; n = xml_again(n))
		c->shapes_lost |= *n->text && !shape_circle(s, a, n->text);
}

static bool
has_codes(const struct signal *s)
{
	for (size_t i = 0; i < s->area_count; i++)
		if (s->areas[i].code_count)
			return true;
	return false;
}

static void
take_areas(struct cap *c, struct signal *s, const struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		bool by_code = i && has_codes(s);
		char *areas = i ? areas_of(g->infos[i]) : NULL;

		if (!i || strcmp(areas, g->areas) != 0)
			for (const struct xml_node *a = xml_child(g->infos[i], "area"); a; a = xml_again(a))
				if (!by_code || xml_child(a, "geocode"))
					take_area(c, s, a, !by_code);
		free(areas);
	}
}

/* -- a signal -- */

static void
take_refs(const struct cap *c, struct signal *s)
{
	const char *at = xml_text(c->alert, "references");

	while (at && *(at += strspn(at, BLANKS))) {
		size_t len = strcspn(at, BLANKS);
		char triple[TRIPLE_MAX + 1], ref[SIGNAL_REF_MAX + 1];

		put_triple(triple, at, len);
		snprintf(ref, sizeof(ref), "%s#", triple);	/* all of that message */
		signal_ref_add(s, ref);
		at += len;
	}
}

static void
label_all(struct signal *s, const struct xml_node *n, const char *child, const char *name)
{
	struct buf all = { 0 };

	for (const struct xml_node *x = xml_child(n, child); x; x = xml_again(x))
		if (*x->text)
			buf_printf(&all, "%s%s", all.len ? " " : "", x->text);
	if (all.len)
		signal_label(s, name, all.data);
	buf_fini(&all);
}

static struct signal *
add_signal(struct cap *c, size_t n)
{
	static const char *const labels[] = {
		"identifier", "sender", "status", "msgType", "scope", "source", "restriction", "addresses",
		"code", "note", "incidents",
	};
	struct signal *s = signal_post_add(c->post);
	char ref[SIGNAL_REF_MAX + 1];

	if (!s)
		return NULL;
	s->act = c->act;
	s->mode = c->mode;
	s->sent_at = c->sent_at;
	snprintf(ref, sizeof(ref), "%s#%zu", c->triple, n + 1);
	signal_set(s, &s->ref, ref, SIGNAL_REF_MAX);
	take_refs(c, s);
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		label_all(s, c->alert, labels[i], labels[i]);
	for (const struct xml_node *x = c->alert->first; x; x = x->next)
		if (strcmp(x->name, "Signature") == 0 && strcmp(x->uri, "http://www.w3.org/2000/09/xmldsig#") == 0)
			signal_label(s, "signature", "unverified");
	return s;
}

static void
take_group(struct cap *c, struct signal *s, const struct group *g)
{
	static const char *const labels[] = {
		"category", "event", "urgency", "severity", "certainty", "responseType", "audience", "web",
	};
	const struct xml_node *first = g->infos[0];

	take_kind(s, c->message, first);
	s->severity = severity_of(c->message, first);
	s->onset_at = time_of(first, "onset");
	if (!s->onset_at)
		s->onset_at = time_of(first, "effective");
	for (size_t i = 0; i < g->count; i++) {
		msec until = time_of(g->infos[i], "expires");

		s->expires_at = until > s->expires_at ? until : s->expires_at;
		take_texts(s, g->infos[i]);
	}
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		label_all(s, first, labels[i], labels[i]);
	put_valued(s, first, "eventCode", "eventCode_");
	put_valued(s, first, "parameter", "parameter_");
	take_areas(c, s, g);
}

static bool
is_all_clear(const struct group *g)
{
	return is(g->infos[0], "responseType", "AllClear");
}

/* Of an alert that says that what it names is over, the rest says so, too. */
static int
take_signals(struct cap *c, struct err *err)
{
	bool once = c->act > SIGNAL_UPDATE;	/* it ends or notes the whole message */
	size_t alarming = 0, count;

	for (size_t i = 0; i < c->group_count; i++)
		alarming += !is_all_clear(&c->groups[i]);
	if (!once && c->group_count && !alarming) {
		c->act = SIGNAL_END;
		once = true;
	}
	count = once || !c->group_count ? 1 : c->group_count;
	for (size_t i = 0, n = 0; i < count; i++) {
		const struct group *g = i < c->group_count ? &c->groups[i] : NULL;
		struct signal *s;
		struct said why;

		if (!once && g && is_all_clear(g))
			continue;
		s = add_signal(c, n++);
		if (!s)
			return err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), signals_too_many,
				       NUM(SIGNAL_POST_MAX));
		if (g)
			take_group(c, s, g);
		if (!g && !once) {
			SAY(&why, cap_no_info);
			signal_post_fault(c->post, &why);
		}
	}
	return 0;
}

static void
tell_lost_shapes(struct cap *c)
{
	c->post->problem = xmalloc(sizeof(*c->post->problem));
	SAY(c->post->problem, cap_shape_lost, c->triple);
}

int
format_cap(struct signal_post *out, const struct message *m, struct err *err)
{
	struct xml_node *root = xml_read(m->bytes, m->len, err);
	struct cap c = { .message = m, .post = out };
	size_t infos = 0;
	int rc = root ? take_root(&c, root, err) : -1;

	for (const struct xml_node *n = rc == 0 ? xml_child(root, "info") : NULL; n && rc == 0; n = xml_again(n)) {
		if (infos++ == INFOS_MAX)
			rc = err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), signals_too_many, NUM(INFOS_MAX));
		else
			add_to_groups(&c, n);
	}
	if (rc == 0)
		rc = take_signals(&c, err);
	if (rc == 0 && c.shapes_lost)
		tell_lost_shapes(&c);
	for (size_t i = 0; i < c.group_count; i++)
		free(c.groups[i].areas);
	free(c.groups);
	xml_free(root);
	return rc;
}
