/* xml.c -- expat's events made a tree, and everything refused that a warning never needs. */
#include "drivers/parse/xml.h"

#include <errno.h>
#include <expat.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"

#define DECLARATION_MAX 200		/* bytes in which an XML declaration must end */
#define SPLIT '\n'			/* between a namespace and a name: neither can hold it */
#define BLANKS " \t\r\n"

/* -- encodings -- */

static const struct { const char *theirs, *iconv; } encodings[] = {
	{ "GBK", "GB18030" }, { "GB2312", "GB18030" }, { "GB18030", "GB18030" }, { "CP936", "GB18030" },
	{ "ISO-8859-1", "ISO-8859-1" }, { "ISO8859-1", "ISO-8859-1" }, { "LATIN1", "ISO-8859-1" },
};
static iconv_t gb18030 = (iconv_t)-1, latin1 = (iconv_t)-1;

void
xml_prepare(void)
{
	if (gb18030 == (iconv_t)-1)
		gb18030 = iconv_open("UTF-8", "GB18030");
	if (latin1 == (iconv_t)-1)
		latin1 = iconv_open("UTF-8", "ISO-8859-1");
}

/* What its declaration says, or "UTF-8".  It is written in ASCII in all the encodings that are read. */
static void
declared(char out[24], const char *bytes, size_t len)
{
	char head[DECLARATION_MAX + 1], quote[2] = "";
	size_t n = len < DECLARATION_MAX ? len : DECLARATION_MAX;
	const char *at, *end;

	memcpy(out, "UTF-8", 6);
	memcpy(head, bytes, n);
	head[n] = '\0';
	if (strncmp(head, "<?xml", 5) != 0 || !(end = strstr(head, "?>")))
		return;
	head[end - head] = '\0';
	at = strstr(head, "encoding");
	if (!at)
		return;
	at += strlen("encoding");
	at += strspn(at, BLANKS "=");
	if (*at != '"' && *at != '\'')
		return;
	quote[0] = *at++;
	n = strcspn(at, quote);
	if (n < 24) {
		memcpy(out, at, n);
		out[n] = '\0';
	}
}

/* Appends it as UTF-8; false: a byte of it is none of that encoding. */
static bool
convert(struct buf *out, iconv_t from, const char *bytes, size_t len)
{
	char *in = (char *)bytes, room[4096];

	iconv(from, NULL, NULL, NULL, NULL);
	while (len) {
		char *to = room;
		size_t left = sizeof(room);
		size_t rc = iconv(from, &in, &len, &to, &left);

		buf_add(out, room, (size_t)(to - room));
		if (rc == (size_t)-1 && errno != E2BIG)
			return false;
	}
	return true;
}

/* 0: *utf8 is what it says, or empty, and then the bytes are UTF-8 as they are. */
static int
to_utf8(struct buf *utf8, const char *bytes, size_t len, struct err *err)
{
	char name[24];

	declared(name, bytes, len);
	if (strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "US-ASCII") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
		iconv_t from = encodings[i].iconv[0] == 'G' ? gb18030 : latin1;

		if (strcasecmp(encodings[i].theirs, name) == 0 && from != (iconv_t)-1 &&
		    convert(utf8, from, bytes, len))
			return 0;
	}
	return err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), xml_encoding, QUOTE(name));
}

/* -- the tree -- */

struct reading {
	XML_Parser parser;
	struct open_node {
		struct xml_node *node, **next;	/* where its next child goes */
		struct buf text;
	} open[XML_DEPTH_MAX];
	int depth;
	size_t nodes;
	struct xml_node *root;
	struct err *err;
	bool refused;
};

static void
refuse(struct reading *r, enum err_kind kind, enum phrase phrase, const char *value)
{
	if (!r->refused)
		err_say_phrase(r->err, kind, about(CONCEPT_NONE), phrase, (const char *const[]){ value, NULL });
	r->refused = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static struct xml_node *
new_node(const char *name)
{
	struct xml_node *n = xcalloc(1, sizeof(*n));
	const char *split = strchr(name, SPLIT);
	char *both = xmalloc(strlen(name) + 2);

	n->uri = both;
	if (split) {
		memcpy(both, name, (size_t)(split - name));
		both += split - name;
		name = split + 1;
	}
	*both++ = '\0';
	memcpy(both, name, strlen(name) + 1);
	n->name = both;
	return n;
}

static void XMLCALL
on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = ctx;
	struct open_node *o;

	if (r->refused)
		return;
	if (r->depth == XML_DEPTH_MAX) {
		refuse(r, REFUSED_UNREADABLE, PHRASE_xml_deep, NUM(XML_DEPTH_MAX));
		return;
	}
	if (r->nodes++ == XML_NODES_MAX) {
		refuse(r, REFUSED_TOO_LARGE, PHRASE_xml_large, NUM(XML_NODES_MAX));
		return;
	}
	o = &r->open[r->depth];
	*o = (struct open_node){ .node = new_node(name) };
	o->next = &o->node->first;
	if (r->depth) {
		*r->open[r->depth - 1].next = o->node;
		r->open[r->depth - 1].next = &o->node->next;
	} else {
		r->root = o->node;
	}
	r->depth++;
}

static char *
trimmed(struct buf *text)
{
	char *out, *from = text->data ? text->data : "";
	size_t len;

	from += strspn(from, BLANKS);
	len = strlen(from);
	while (len && strchr(BLANKS, from[len - 1]))
		len--;
	out = xstrndup(from, len);
	buf_fini(text);
	return out;
}

static void XMLCALL
on_end(void *ctx, const XML_Char *name)
{
	struct reading *r = ctx;

	if (r->refused)
		return;
	r->depth--;
	r->open[r->depth].node->text = trimmed(&r->open[r->depth].text);
}

static void XMLCALL
on_text(void *ctx, const XML_Char *text, int len)
{
	struct reading *r = ctx;

	if (!r->refused && r->depth)
		buf_add(&r->open[r->depth - 1].text, text, (size_t)len);
}

static void XMLCALL
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	refuse(ctx, REFUSED_UNREADABLE, PHRASE_xml_doctype, NULL);
}

static void XMLCALL
on_instruction(void *ctx, const XML_Char *target, const XML_Char *data)
{
	refuse(ctx, REFUSED_UNREADABLE, PHRASE_xml_instruction, NULL);
}

static void
read_bytes(struct reading *r, const char *bytes, size_t len)
{
	r->parser = XML_ParserCreateNS("UTF-8", SPLIT);
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	XML_SetProcessingInstructionHandler(r->parser, on_instruction);
	if (XML_Parse(r->parser, bytes, (int)len, 1) != XML_STATUS_OK && !r->refused) {
		r->refused = true;
		err_say(r->err, REFUSED_UNREADABLE, about(CONCEPT_NONE), xml_broken,
			NUM(XML_GetCurrentLineNumber(r->parser)), XML_ErrorString(XML_GetErrorCode(r->parser)));
	}
	XML_ParserFree(r->parser);
	while (r->depth > 0)		/* only of one that was refused */
		buf_fini(&r->open[--r->depth].text);
}

struct xml_node *
xml_read(const char *bytes, size_t len, struct err *err)
{
	struct reading r = { .err = err };
	struct buf utf8 = { 0 };

	xml_prepare();
	if (len > INT32_MAX / 2) {
		err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), xml_large, NUM(XML_NODES_MAX));
		return NULL;
	}
	if (to_utf8(&utf8, bytes, len, err) < 0) {
		buf_fini(&utf8);
		return NULL;
	}
	read_bytes(&r, utf8.len ? utf8.data : bytes, utf8.len ? utf8.len : len);
	buf_fini(&utf8);
	if (!r.refused)
		return r.root;
	xml_free(r.root);
	return NULL;
}

void
xml_free(struct xml_node *n)
{
	while (n) {
		struct xml_node *next = n->next;

		xml_free(n->first);	/* no deeper than XML_DEPTH_MAX */
		free((char *)n->uri);
		free(n->text);
		free(n);
		n = next;
	}
}

/* -- asking it -- */

static const struct xml_node *
named(const struct xml_node *from, const char *uri, const char *name)
{
	while (from && (strcmp(from->name, name) != 0 || strcmp(from->uri, uri) != 0))
		from = from->next;
	return from;
}

const struct xml_node *
xml_child(const struct xml_node *n, const char *name)
{
	return n ? named(n->first, n->uri, name) : NULL;
}

const struct xml_node *
xml_again(const struct xml_node *n)
{
	return named(n->next, n->uri, n->name);
}

const char *
xml_text(const struct xml_node *n, const char *name)
{
	const struct xml_node *child = xml_child(n, name);

	return child && *child->text ? child->text : NULL;
}
