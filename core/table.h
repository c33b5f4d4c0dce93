/* table.h -- a hash table from 64-bit keys to pointers; no order, no ownership.  Pure. */
#ifndef GONG_TABLE_H
#define GONG_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	struct { uint64_t key; void *value; } *slots;
	size_t cap, used, count;
};

/* A key for a text (FNV-1a, the same in every version).  Texts may share one: compare them where it
 * matters. */
uint64_t table_key(const char *text);
void *table_get(const struct table *, uint64_t key);
void table_put(struct table *, uint64_t key, void *value);	/* value not NULL */
void *table_take(struct table *, uint64_t key);			/* removes; NULL if absent */
typedef void (*table_fn)(void *ctx, uint64_t key, void *value);
void table_each(const struct table *, table_fn, void *ctx);
void table_fini(struct table *, void (*free_value)(void *));	/* free_value may be NULL */

#endif
