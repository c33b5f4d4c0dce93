/* list_xml.h -- inside the reader of feeds.  From the ground: items (list_items.c); Atom, RSS and CAP alone
 * (list_xml.c); JSON, and which it is (list.c). */
#ifndef GONG_FEED_LIST_XML_H
#define GONG_FEED_LIST_XML_H

#include "drivers/feed/list.h"

/* NULL: there are LIST_MAX already, and this one is counted as left out. */
struct list_item *list_add(struct list *);
/* As it came; copied. */
void list_add_whole(struct list *, const char *bytes, size_t len);

/* list_read, of what begins with "<". */
int list_read_xml(struct list *, const struct list_rules *, const char *bytes, size_t len, struct err *);

#endif
