/* conf_scan.c -- reads a healed configuration file word by word, as its parser will, for what that
 * parser takes in silence. */
#include "core/conf_text.h"

#include <ctype.h>
#include <string.h>

#include "core/table.h"

#define DEPTH_MAX 16

enum kind { END, WORD, STRING, OPEN, CLOSE, EQUALS, COMMA };

struct token {
	enum kind kind;
	const char *text;		/* without quotes */
	size_t len;
	unsigned line;
};

struct block {				/* one { that is open */
	unsigned line;
	unsigned number;		/* each in the file has its own */
};

struct scan {
	const char *p;
	unsigned line, blocks;
	const struct conf_text *how;
	struct block open[DEPTH_MAX];
	size_t depth;
	struct table names;		/* of a block, what stands in it: key -> line */
	struct conf_finding *fault;
};

#define FAIL(s, at, name, ...) fail((s), (at), PHRASE_AND_VALUES(name, __VA_ARGS__))

static int
fail(struct scan *s, unsigned line, enum phrase phrase, const char *const *values)
{
	s->fault->line = line;
	said_fill(&s->fault->said, phrase, values);
	return -1;
}

/* -- tokens -- */

/* Past blanks and comments; -1: a comment never ends. */
static int
skip(struct scan *s)
{
	for (;;) {
		const char *end = s->p + strspn(s->p, " \t\n");
		unsigned begun;

		if (*end == '#' || (end[0] == '/' && end[1] == '/'))
			end += strcspn(end, "\n");
		else if (end[0] == '/' && end[1] == '*')
			end = strstr(end + 2, "*/") ? strstr(end + 2, "*/") + 2 : NULL;
		else if (end == s->p)
			return 0;
		begun = s->line;
		for (const char *p = s->p; end && p < end; p++)
			s->line += *p == '\n';
		if (!end) {
			for (const char *p = s->p; p[0] != '/' || p[1] != '*'; p++)
				begun += *p == '\n';
			return FAIL(s, begun, conf_open_comment);
		}
		s->p = end;
	}
}

static int
take_string(struct scan *s, struct token *t)
{
	const char quote = *s->p, *p = s->p + 1;

	*t = (struct token){ STRING, p, 0, s->line };
	for (; *p && *p != quote; p++) {
		p += *p == '\\' && p[1];
		s->line += *p == '\n';
	}
	if (!*p)
		return FAIL(s, t->line, conf_open_quote);
	t->len = (size_t)(p - t->text);
	s->p = p + 1;
	return 0;
}

static int
take(struct scan *s, struct token *t)
{
	static const char marks[] = "{}=,";
	static const enum kind kinds[] = { OPEN, CLOSE, EQUALS, COMMA };
	const char *mark;

	if (skip(s) < 0)
		return -1;
	*t = (struct token){ END, s->p, 0, s->line };
	if (!*s->p)
		return 0;
	if (*s->p == '"' || *s->p == '\'')
		return take_string(s, t);
	if (s->p[0] == '+' && s->p[1] == '=')
		s->p++;
	mark = strchr(marks, *s->p);
	t->kind = mark ? kinds[mark - marks] : WORD;
	t->len = mark ? 1 : strcspn(s->p, " \t\n\"'#{}=,");
	t->len += !t->len;
	s->p += t->len;
	return 0;
}

/* -- values -- */

bool
conf_is_placeholder(const char *value)
{
	static const char *const anywhere[] = {
		"change me", "change-me", "changeme", "change_me", ".example.invalid", "usb-example",
		"//example.", ".example.com", ".example.org", ".example.net", "@example.", "your_", "your-",
	};
	static const char *const whole[] = {
		"xxx", "xxxx", "todo", "tbd", "…", "...", "+8613800000000",
		"13800000000", "0000000000000000000000000000000000000000000000000000000000000000",
	};

	for (size_t i = 0; i < sizeof(anywhere) / sizeof(*anywhere); i++)
		if (strcasestr(value, anywhere[i]))
			return true;
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (strcasecmp(value, whole[i]) == 0)
			return true;
	return false;
}

/* ${NAME} without a value would be an empty secret, and nobody would hear of it. */
static int
check_variables(struct scan *s, const struct token *t, const char *value)
{
	for (const char *p = value; (p = strstr(p, "${")); p += 2) {
		size_t len = strcspn(p + 2, "}");
		char *name = xstrndup(p + 2, len);
		bool lacks = p[2 + len] && !strstr(name, ":-") && !s->how->has_variable(name);
		int rc = lacks ? FAIL(s, t->line, conf_no_variable, QUOTE(name)) : 0;

		free(name);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
check_value(struct scan *s, const struct token *t, const char *option)
{
	char *value = xstrndup(t->text, t->len);
	bool open = s->how->has_variable && t->kind == STRING && t->text[-1] == '"';
	int rc = open ? check_variables(s, t, value) : 0;

	if (rc == 0 && s->how->site && conf_is_placeholder(value))
		rc = FAIL(s, t->line, conf_placeholder, option, QUOTE(value));
	free(value);
	return rc;
}

/* -- statements -- */

/* `name` and maybe `title` stand in this block, once. */
static int
check_twice(struct scan *s, const struct token *name, const struct token *title)
{
	struct buf key = { 0 };
	uint64_t hash;
	void *before;
	int rc = 0;

	buf_printf(&key, "%u %.*s", s->depth ? s->open[s->depth - 1].number : 0, (int)name->len, name->text);
	if (title)
		buf_printf(&key, " \"%.*s\"", (int)title->len, title->text);
	hash = table_key(key.data);
	before = table_get(&s->names, hash);
	if (before)
		rc = FAIL(s, name->line, conf_twice, QUOTE(strchr(key.data, ' ') + 1),
			  NUM((uintptr_t)before));
	table_put(&s->names, hash, (void *)(uintptr_t)name->line);
	buf_fini(&key);
	return rc;
}

/* Behind the =: one value, or { a, b }. */
static int
value(struct scan *s, const struct token *name)
{
	char *option = xstrndup(name->text, name->len);
	struct token t;
	int rc = take(s, &t);
	bool list = rc == 0 && t.kind == OPEN;

	while (rc == 0 && t.kind != END && t.kind != CLOSE) {
		if (t.kind == WORD || t.kind == STRING)
			rc = check_value(s, &t, option);
		if (rc < 0 || !list)
			break;
		rc = take(s, &t);
	}
	free(option);
	return rc;
}

static int
open_block(struct scan *s, const struct token *brace)
{
	if (s->depth == DEPTH_MAX)
		return FAIL(s, brace->line, conf_too_deep);
	s->open[s->depth++] = (struct block){ brace->line, ++s->blocks };
	return 0;
}

/* A word, then = and a value, or maybe a title, and {.  Anything else is the parser's to refuse. */
static int
statement(struct scan *s, const struct token *name)
{
	struct token next, title;
	struct scan before = *s;
	bool adds, titled;

	if (take(s, &next) < 0)
		return -1;
	adds = next.kind == EQUALS && next.text[0] == '+';
	if (next.kind == EQUALS)
		return !adds && check_twice(s, name, NULL) < 0 ? -1 : value(s, name);
	title = next;
	titled = title.kind == STRING || title.kind == WORD;
	if (titled && take(s, &next) < 0)
		return -1;
	if (next.kind != OPEN) {		/* what follows begins anew */
		s->p = before.p;
		s->line = before.line;
		return 0;
	}
	return check_twice(s, name, titled ? &title : NULL) < 0 ? -1 : open_block(s, &next);
}

static void
close_block(struct scan *s, unsigned line, struct buf *blocks)
{
	struct conf_block b = { s->open[--s->depth].line, line };

	if (blocks)
		buf_add(blocks, (const char *)&b, sizeof(b));
}

int
conf_scan(const char *text, const struct conf_text *how, struct buf *blocks, struct conf_finding *fault)
{
	struct scan s = { .p = text, .line = 1, .how = how, .fault = fault };
	struct token t = { .kind = COMMA };
	int rc = 0;

	while (rc == 0 && (rc = take(&s, &t)) == 0 && t.kind != END) {
		if (t.kind == WORD)
			rc = statement(&s, &t);
		else if (t.kind == CLOSE && s.depth)
			close_block(&s, t.line, blocks);
	}
	if (rc == 0 && s.depth)
		rc = FAIL(&s, s.open[s.depth - 1].line, conf_open_brace);
	table_fini(&s.names, NULL);
	return rc;
}
