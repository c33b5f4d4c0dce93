/* xml.h -- the XML of a feed, element by element: without DOCTYPE, entities of its own or processing
 * instructions (but a stylesheet at its top), at most 32 deep, in UTF-8 whatever it declares: whoever has
 * other bytes converts them (charset.h).  Pure. */
#ifndef GONG_FEED_XML_H
#define GONG_FEED_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define XML_DEPTH_MAX 32

/* Names come without their namespace's prefix; attributes as name and value in turn, NULL ends.  `at`
 * and `after`: where the element's tag begins and where it is over, in the bytes that were given. */
struct xml_reader {
	void *ctx;
	void (*begin)(void *ctx, const char *name, const char **attributes, size_t at);
	void (*end)(void *ctx, const char *name, size_t after);
	void (*text)(void *ctx, const char *text, size_t len);
};

/* -1: err has why, for a log and an alarm. */
int xml_scan(const struct xml_reader *, const char *bytes, size_t len, struct err *);
/* The attribute's value by its name without prefix, or NULL. */
const char *xml_attribute(const char **attributes, const char *name);

#endif
