/* xml.c -- what stands in xml.h, by expat; a document that wants more than a feed needs is refused. */
#include "drivers/feed/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

struct reading {
	XML_Parser parser;
	const struct xml_reader *reader;
	unsigned depth;
	const char *refused;		/* why it was stopped; NULL = it was not */
};

static const char *
local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *
xml_attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(local(attributes[0]), name) == 0)
			return attributes[1];
	return NULL;
}

static void
refuse(struct reading *r, const char *why)
{
	if (!r->refused)
		r->refused = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static size_t
where(const struct reading *r)
{
	XML_Index at = XML_GetCurrentByteIndex(r->parser);

	return at > 0 ? (size_t)at : 0;
}

static void XMLCALL
on_begin(void *ctx, const char *name, const char **attributes)
{
	struct reading *r = ctx;

	if (++r->depth > XML_DEPTH_MAX)
		refuse(r, "it is more than 32 elements deep");
	else if (!r->refused)
		r->reader->begin(r->reader->ctx, local(name), attributes, where(r));
}

static void XMLCALL
on_end(void *ctx, const char *name)
{
	struct reading *r = ctx;

	r->depth--;
	if (!r->refused)
		r->reader->end(r->reader->ctx, local(name),
			       where(r) + (size_t)XML_GetCurrentByteCount(r->parser));
}

static void XMLCALL
on_text(void *ctx, const char *text, int len)
{
	struct reading *r = ctx;

	if (!r->refused)
		r->reader->text(r->reader->ctx, text, (size_t)len);
}

static void XMLCALL
on_doctype(void *ctx, const char *name, const char *system, const char *public, int internal)
{
	refuse(ctx, "it has a DOCTYPE");
}

static void XMLCALL
on_instruction(void *ctx, const char *target, const char *data)
{
	struct reading *r = ctx;

	/* A sheet by which a browser shows it is not for us, and stands at the top of many. */
	if (r->depth || strcmp(target, "xml-stylesheet") != 0)
		refuse(r, "it has a processing instruction");
}

int
xml_scan(const struct xml_reader *reader, const char *bytes, size_t len, struct err *err)
{
	struct reading r = { .parser = XML_ParserCreate("UTF-8"), .reader = reader };
	enum XML_Status status;

	if (!r.parser || len > INT_MAX) {
		XML_ParserFree(r.parser);
		return err_set(err, "the XML is too large");
	}
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_begin, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	XML_SetProcessingInstructionHandler(r.parser, on_instruction);
	status = XML_Parse(r.parser, bytes, (int)len, 1);
	if (r.refused)
		err_set(err, "the XML is refused: %s", r.refused);
	else if (status != XML_STATUS_OK)
		err_set(err, "this is no XML: %s, in line %lu",
			XML_ErrorString(XML_GetErrorCode(r.parser)),
			(unsigned long)XML_GetCurrentLineNumber(r.parser));
	XML_ParserFree(r.parser);
	return r.refused || status != XML_STATUS_OK ? -1 : 0;
}
