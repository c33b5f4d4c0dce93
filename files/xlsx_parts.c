/* xlsx_parts.c -- an archive whose parts are XML; whatever it claims of itself, it is read within caps. */
#include "files/xlsx_parts.h"

#include <expat.h>
#include <limits.h>
#include <string.h>
#include <zip.h>

#define MIB ((size_t)1 << 20)
#define PACKED_MAX (64 * MIB)
#define UNPACKED_MAX (512 * MIB)	/* of all parts together */
#define RATIO_MAX 200			/* of a part beyond its first MiB; the densest real one seen has 40 */
#define ENTRIES_MAX 5000
#define DEPTH_MAX 64

struct xlsx_parts {
	zip_t *zip;
	zip_source_t *source;
	size_t packed, unpacked;
};

static int
broken(struct err *err, const char *why)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_broken, why);
}

static int
too_large(struct err *err)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_too_large);
}

/* Old Excel files and locked new ones are both OLE; the locked ones name what they hold. */
static int
refuse_ole(const void *bytes, size_t len, struct err *err)
{
	static const char locked[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";

	if (memmem(bytes, len, locked, sizeof(locked) - 1))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_locked);
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_old);
}

int
xlsx_parts_open(struct xlsx_parts **out, const void *bytes, size_t len, struct err *err)
{
	struct xlsx_parts *p;
	zip_error_t error;

	*out = NULL;
	if (len >= 4 && memcmp(bytes, "\xd0\xcf\x11\xe0", 4) == 0)
		return refuse_ole(bytes, len, err);
	if (len > PACKED_MAX)
		return too_large(err);
	p = xcalloc(1, sizeof(*p));
	p->packed = len;
	zip_error_init(&error);
	p->source = zip_source_buffer_create(bytes, len, 0, &error);
	p->zip = p->source ? zip_open_from_source(p->source, ZIP_RDONLY, &error) : NULL;
	if (!p->zip) {
		broken(err, zip_error_strerror(&error));
		zip_error_fini(&error);
		zip_source_free(p->source);
		free(p);
		return -1;
	}
	zip_error_fini(&error);
	*out = p;
	if (zip_get_num_entries(p->zip, 0) <= ENTRIES_MAX)
		return 0;
	xlsx_parts_close(p);
	*out = NULL;
	return too_large(err);
}

void
xlsx_parts_close(struct xlsx_parts *p)
{
	if (!p)
		return;
	zip_discard(p->zip);		/* and its source */
	free(p);
}

bool
xlsx_parts_have(const struct xlsx_parts *p, const char *name)
{
	return zip_name_locate(p->zip, name, 0) >= 0;
}

/* -- XML -- */

struct reading {
	XML_Parser parser;
	const struct xlsx_reader *reader;
	unsigned depth;
	struct err *err;
	bool stopped;			/* err says why */
};

static const char *
local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *
xlsx_attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(local(attributes[0]), name) == 0)
			return attributes[1];
	return NULL;
}

static void
stop(struct reading *r)
{
	r->stopped = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL
on_begin(void *ctx, const char *name, const char **attributes)
{
	struct reading *r = ctx;

	if (r->stopped)
		return;
	if (++r->depth > DEPTH_MAX) {
		broken(r->err, "XML");
		stop(r);
	} else if (r->reader->begin(r->reader->ctx, local(name), attributes, r->err) < 0) {
		stop(r);
	}
}

static void XMLCALL
on_end(void *ctx, const char *name)
{
	struct reading *r = ctx;

	r->depth--;
	if (!r->stopped && r->reader->end && r->reader->end(r->reader->ctx, local(name), r->err) < 0)
		stop(r);
}

static void XMLCALL
on_text(void *ctx, const char *text, int len)
{
	struct reading *r = ctx;

	if (!r->stopped && r->reader->text && r->reader->text(r->reader->ctx, text, (size_t)len, r->err) < 0)
		stop(r);
}

/* No spreadsheet writes one; with it come entities, and what they grow into. */
static void XMLCALL
on_doctype(void *ctx, const char *name, const char *system, const char *public, int internal)
{
	struct reading *r = ctx;

	broken(r->err, "DOCTYPE");
	stop(r);
}

static int
check_size(struct xlsx_parts *p, size_t part, size_t packed, struct err *err)
{
	if (p->unpacked > UNPACKED_MAX || (part > MIB && part - MIB > RATIO_MAX * packed))
		return too_large(err);
	return 0;
}

static int
parse_all(struct xlsx_parts *p, zip_file_t *file, size_t packed, struct reading *r)
{
	size_t part = 0;
	char bytes[65536];
	zip_int64_t n;

	do {
		n = zip_fread(file, bytes, sizeof(bytes));
		if (n < 0)
			return broken(r->err, zip_file_strerror(file));
		part += (size_t)n;
		p->unpacked += (size_t)n;
		if (check_size(p, part, packed, r->err) < 0)
			return -1;
		if (XML_Parse(r->parser, bytes, (int)n, n == 0) == XML_STATUS_OK)
			continue;
		return r->stopped ? -1 : broken(r->err, XML_ErrorString(XML_GetErrorCode(r->parser)));
	} while (n);
	return 0;
}

static int
read_file(struct xlsx_parts *p, zip_file_t *file, size_t packed, const struct xlsx_reader *reader,
	  struct err *err)
{
	struct reading r = { .parser = XML_ParserCreate(NULL), .reader = reader, .err = err };
	int rc;

	if (!r.parser)
		return broken(err, "XML");
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_begin, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	rc = parse_all(p, file, packed, &r);
	XML_ParserFree(r.parser);
	return rc;
}

int
xlsx_parts_read(struct xlsx_parts *p, const char *name, const struct xlsx_reader *reader, struct err *err)
{
	zip_stat_t stat;
	zip_file_t *file;
	size_t packed;
	int rc;

	if (zip_stat(p->zip, name, 0, &stat) < 0)
		return broken(err, name);
	if (stat.valid & ZIP_STAT_ENCRYPTION_METHOD && stat.encryption_method != ZIP_EM_NONE)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_locked);
	packed = stat.valid & ZIP_STAT_COMP_SIZE && stat.comp_size < p->packed ? (size_t)stat.comp_size
									       : p->packed;
	file = zip_fopen_index(p->zip, stat.index, 0);
	if (!file)
		return broken(err, name);
	rc = read_file(p, file, packed, reader, err);
	zip_fclose(file);
	return rc;
}
