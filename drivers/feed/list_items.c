/* list_items.c -- the items of a list, and what each is known again by. */
#include <openssl/evp.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/feed/list_xml.h"

list_mark
list_mark_of(const char *bytes, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	list_mark mark = 0;

	EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
	for (unsigned i = 0; i < MARK_BITS / 8; i++)
		mark = mark << 8 | digest[i];
	return mark ? mark : 1;
}

struct list_item *
list_add(struct list *l)
{
	if (l->count == LIST_MAX) {
		l->left_out++;
		return NULL;
	}
	if ((l->count & (l->count - 1)) == 0)
		l->items = xrealloc(l->items, (l->count ? 2 * l->count : 1) * sizeof(*l->items));
	l->items[l->count] = (struct list_item){ 0 };
	return &l->items[l->count++];
}

/* xstrndup would end at a NUL, which UTF-16 is full of. */
static char *
copy(const char *bytes, size_t len)
{
	char *to = xmalloc(len + 1);

	memcpy(to, bytes, len);
	to[len] = '\0';
	return to;
}

void
list_add_whole(struct list *l, const char *bytes, size_t len)
{
	struct list_item *item = list_add(l);

	*item = (struct list_item){ .id = xstrdup(""), .body = copy(bytes, len), .len = len,
				    .mark = list_mark_of(bytes, len) };
}

void
list_fini(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].id);
		free(l->items[i].link);
		free(l->items[i].body);
	}
	free(l->items);
	*l = (struct list){ 0 };
}
