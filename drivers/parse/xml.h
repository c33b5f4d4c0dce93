/* xml.h -- another system's XML as a small tree, read so that no document can do harm: no DOCTYPE and so no
 * entities, no processing instructions, not deeper than XML_DEPTH_MAX, within the memory that its own
 * length pays for.  UTF-8; GBK (GB 18030) and ISO-8859-1 where it declares them.  It knows no format. */
#ifndef GONG_PARSE_XML_H
#define GONG_PARSE_XML_H

#include <stddef.h>

#include "core/err.h"

#define XML_DEPTH_MAX 32
#define XML_NODES_MAX 100000

struct xml_node {
	const char *uri, *name;		/* of its namespace ("" = none), and without a prefix */
	char *text;			/* its own characters, without blanks at both ends; never NULL */
	struct xml_node *first, *next;	/* children in their order; the sibling after it */
};

/* Converters of encodings are opened: what a confined process can no longer do. */
void xml_prepare(void);
/* The root; NULL: err is UNREADABLE (or TOO_LARGE), and says where.  xml_free takes it. */
struct xml_node *xml_read(const char *bytes, size_t len, struct err *);
void xml_free(struct xml_node *root);

/* The first child of that name in the namespace of its parent; NULL: there is none. */
const struct xml_node *xml_child(const struct xml_node *, const char *name);
/* The next sibling of the same name and namespace. */
const struct xml_node *xml_again(const struct xml_node *);
/* What that child says; NULL: it is not there, or empty. */
const char *xml_text(const struct xml_node *, const char *name);

#endif
