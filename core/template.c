/* template.c -- compiles and renders a mustache subset; checks values and answer maps. */
#include "core/template.h"

#include <stdio.h>
#include <string.h>

#include "core/segment.h"

#define DEPTH_MAX 8
#define LENGTH_UNBOUNDED 40		/* of a value whose `max` is 0 */

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_IF, NODE_UNLESS, NODE_END };

struct node {
	enum node_kind kind;
	char *text;			/* literal, or the name */
	size_t end;			/* IF, UNLESS: index of their END */
};

struct text {
	struct node *nodes;
	size_t count;
};

static struct node *
add(struct text *t, enum node_kind kind, const char *s, size_t len)
{
	t->nodes = xrealloc(t->nodes, (t->count + 1) * sizeof(*t->nodes));
	t->nodes[t->count] = (struct node){ kind, xstrndup(s, len), 0 };
	return &t->nodes[t->count++];
}

static int
fail_at(const char *source, const char *at, struct err *err, const char *what, const char *name,
	size_t len)
{
	size_t line = 1, column = 1;
	char *shown;

	for (const char *p = source; p < at; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if ((*p & 0xc0) != 0x80) {
			column++;
		}
	}
	shown = xstrndup(name, len);
	err_say_phrase(err, REFUSED_INVALID, about(CONCEPT_TEMPLATE),
		       PHRASE_AND_VALUES(tag_at, NUM(line), NUM(column), what, QUOTE(shown)));
	free(shown);
	return -1;
}

static bool
is_known(const char *name, size_t len, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}

struct compiler {
	const char *source;
	const char *const *names;
	size_t count, depth;
	size_t open[DEPTH_MAX];
	struct text *text;
	struct err *err;
};

static int
close_section(struct compiler *c, const char *at, const char *name, size_t len)
{
	struct node *open;

	if (!c->depth)
		return fail_at(c->source, at, c->err, WORD(tag_closes_nothing), name, len);
	open = &c->text->nodes[c->open[c->depth - 1]];
	if (strlen(open->text) != len || memcmp(open->text, name, len) != 0)
		return fail_at(c->source, at, c->err, WORD(tag_closes_other),
			       name, len);
	open->end = c->text->count;
	c->depth--;
	add(c->text, NODE_END, "", 0);
	return 0;
}

static int
tag(struct compiler *c, const char *at, const char *name, size_t len)
{
	char kind = len ? name[0] : 0;

	if (kind == '#' || kind == '^' || kind == '/') {
		name++;
		len--;
	}
	while (len && *name == ' ') {
		name++;
		len--;
	}
	while (len && name[len - 1] == ' ')
		len--;
	if (!len)
		return fail_at(c->source, at, c->err, WORD(tag_empty), "{{}}", 4);
	if (kind == '/')
		return close_section(c, at, name, len);
	if (!is_known(name, len, c->names, c->count))
		return fail_at(c->source, at, c->err, WORD(tag_no_param), name, len);
	if (kind == '#' || kind == '^') {
		if (c->depth == DEPTH_MAX)
			return fail_at(c->source, at, c->err, WORD(tag_too_deep),
				       name, len);
		c->open[c->depth++] = c->text->count;
	}
	add(c->text, kind == '#' ? NODE_IF : kind == '^' ? NODE_UNLESS : NODE_VALUE, name, len);
	return 0;
}

static int
compile(struct compiler *c)
{
	const char *p = c->source;

	while (*p) {
		const char *open = strstr(p, "{{"), *close;

		if (!open) {
			add(c->text, NODE_TEXT, p, strlen(p));
			break;
		}
		if (open > p)
			add(c->text, NODE_TEXT, p, (size_t)(open - p));
		close = strstr(open + 2, "}}");
		if (!close)
			return fail_at(c->source, open, c->err, WORD(tag_open), open,
				       strlen(open));
		if (tag(c, open, open + 2, (size_t)(close - open - 2)) < 0)
			return -1;
		p = close + 2;
	}
	if (c->depth) {
		const char *name = c->text->nodes[c->open[c->depth - 1]].text;

		return fail_at(c->source, p, c->err, WORD(tag_section_open), name,
			       strlen(name));
	}
	return 0;
}

int
text_compile(struct text **out, const char *source, const char *const *names, size_t count,
	     struct err *err)
{
	struct compiler c = { .source = source, .names = names, .count = count, .err = err };

	*out = NULL;
	if (utf8_check(source, strlen(source), err) < 0)
		return -1;
	c.text = xcalloc(1, sizeof(*c.text));
	if (compile(&c) < 0) {
		text_free(c.text);
		return -1;
	}
	*out = c.text;
	return 0;
}

void
text_free(struct text *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->nodes[i].text);
	free(t->nodes);
	free(t);
}

bool
text_uses(const struct text *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->nodes[i].kind != NODE_TEXT && strcmp(t->nodes[i].text, name) == 0)
			return true;
	return false;
}

int
text_render(const struct text *t, text_lookup lookup, void *ctx, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct node *node = &t->nodes[i];
		const char *value;

		switch (node->kind) {
		case NODE_TEXT:
			buf_puts(out, node->text);
			break;
		case NODE_VALUE:
			value = lookup(ctx, node->text);
			if (!value)
				return err_say(err, REFUSED_INVALID, about_name(CONCEPT_PARAM, node->text),
					       text_needs, node->text);
			buf_puts(out, value);
			break;
		case NODE_IF:
		case NODE_UNLESS:
			value = lookup(ctx, node->text);
			if ((value && *value) != (node->kind == NODE_IF))
				i = node->end;
			break;
		case NODE_END:
			break;
		}
	}
	return 0;
}

const struct param *
template_param(const struct template *t, const char *name)
{
	for (size_t i = 0; i < t->param_count; i++)
		if (strcmp(t->params[i].name, name) == 0)
			return &t->params[i];
	return NULL;
}

static bool
is_number(const char *s)
{
	bool digit = false, point = false;

	s += *s == '-';
	for (; *s; s++) {
		if (*s == '.' && (point || !digit))
			return false;
		if (*s != '.' && (*s < '0' || *s > '9'))
			return false;
		point |= *s == '.';
		digit = *s != '.';
	}
	return digit;
}

int
param_check(const struct param *p, const char *value, struct err *err)
{
	struct about at = about_name(CONCEPT_PARAM, p->name);

	if (!*value)
		return err_say(err, REFUSED_INVALID, at, param_empty, p->name);
	if (utf8_check(value, strlen(value), NULL) < 0)
		return err_say(err, REFUSED_INVALID, at, param_not_utf8, p->name);
	if (p->max && utf8_characters(value) > p->max)
		return err_say(err, REFUSED_INVALID, at, param_too_long, p->name,
			       NUM(utf8_characters(value)), NUM(p->max));
	if (p->type == PARAM_NUMBER && !is_number(value))
		return err_say(err, REFUSED_INVALID, at, param_no_number, p->name,
			       QUOTE(value));
	for (const char *s = value; *s; s++)
		if ((unsigned char)*s < 0x20)
			return err_say(err, REFUSED_INVALID, at, param_control, p->name);
	if (strstr(value, "【") || strstr(value, "】"))
		return err_say(err, REFUSED_INVALID, at, param_signature, p->name);
	return 0;
}

struct longest {
	const struct template *template;
	enum lang lang;
	struct buf value;
};

static const char *
longest_value(void *ctx, const char *name)
{
	struct longest *l = ctx;
	const struct param *p = template_param(l->template, name);
	const char *filler = p->type == PARAM_NUMBER ? "9" : l->lang == LANG_ZH ? "某" : "x";

	if (p->worst[l->lang])
		return p->worst[l->lang];
	buf_reset(&l->value);
	for (unsigned i = 0; i < (p->max ? p->max : LENGTH_UNBOUNDED); i++)
		buf_puts(&l->value, filler);
	return l->value.data;
}

void
template_worst(const struct template *t, const struct text *text, enum lang lang, struct buf *out)
{
	struct longest l = { .template = t, .lang = lang };

	text_render(text, longest_value, &l, out, NULL);	/* every value is there */
	buf_fini(&l.value);
}

static bool
has_token(const struct template *t, char token)
{
	for (size_t i = 0; i < t->answer_count; i++)
		if (t->answers[i].token[0] == token && !t->answers[i].token[1])
			return true;
	return token == '0' || token == '9';	/* these mean the same everywhere */
}

static int
check_asked(const struct template *t, const char *source, struct err *err)
{
	static const char *const asks[] = { "回复", "回", "按", "按键", "Reply ", "reply ", "Press ",
					    "press " };

	for (size_t a = 0; a < sizeof(asks) / sizeof(*asks); a++) {
		for (const char *p = source; (p = strstr(p, asks[a])); ) {
			p += strlen(asks[a]);
			if (*p >= '0' && *p <= '9' && !(p[1] >= '0' && p[1] <= '9') &&
			    !has_token(t, *p))
				return err_say_phrase(err, REFUSED_INVALID, about(CONCEPT_TEMPLATE),
						      PHRASE_AND_VALUES(text_asks, NUM(*p - '0'), QUOTE(source)));
		}
	}
	return 0;
}

int
template_check_answers(const struct template *t, const char *const *sources, size_t count,
		       struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (sources[i] && check_asked(t, sources[i], err) < 0)
			return -1;
	return 0;
}

void
template_free(struct template *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->param_count; i++) {
		free(t->params[i].name);
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			free(t->params[i].worst[lang]);
			free(t->params[i].fallback[lang]);
		}
	}
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		text_free(t->texts[lang].sms);
		text_free(t->texts[lang].voice);
		text_free(t->texts[lang].constant);
	}
	for (size_t i = 0; i < t->answer_count; i++) {
		for (size_t w = 0; w < t->answers[i].word_count; w++)
			free(t->answers[i].words[w]);
		free(t->answers[i].words);
	}
	for (size_t i = 0; i < t->policy_count; i++)
		free(t->policies[i]);
	free(t->policies);
	free(t->params);
	free(t->answers);
	free(t->name);
	for (int lang = 0; lang < LANG_COUNT; lang++)
		free(t->title[lang]);
	free(t);
}
