/* internal.h -- what the files of intake/ share: strict reading of one JSON object. */
#ifndef GONG_INTAKE_INTERNAL_H
#define GONG_INTAKE_INTERNAL_H

#include <jansson.h>

#include "core/buf.h"
#include "daemon/intake/intake.h"

struct reading {
	const struct intake_from *from;
	struct err *err;
	int status;			/* 0 = fine so far */
};

/* Notes the refusal and returns -1. */
int refuse(struct reading *, int status, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Size, encoding and depth first, then jansson.  NULL = refused; caller owns the object. */
json_t *json_object_read(struct reading *, const char *body, size_t len);

struct member {
	const char *name;
	int (*take)(struct reading *, void *out, json_t *value, const char *pointer);
};
/* Takes every member of the object by the table; null counts as absent, a name that is not in
 * the table is refused.  `base` is the object's own pointer ("" = the root). */
int members_take(struct reading *, const struct member *, size_t count, json_t *object,
		 const char *base, void *out);

/* Pointer of a child: base + "/" + name with ~ and / escaped (RFC 6901). */
void pointer_child(char out[128], const char *base, const char *name);
void pointer_index(char out[128], const char *base, size_t index);

/* A string of 1..max bytes without control characters. */
int take_string(struct reading *, char **out, json_t *value, const char *pointer, size_t max);
int take_strings(struct reading *, char ***out, size_t *count, json_t *value,
		 const char *pointer, size_t max);
int take_codes(struct reading *, division_code **out, size_t *count, json_t *value,
	       const char *pointer);
int take_code(struct reading *, division_code *out, json_t *value, const char *pointer);
int take_time(struct reading *, msec *out, json_t *value, const char *pointer);
int take_id(struct reading *, int64_t *out, json_t *value, const char *pointer);
/* {"name": "text" or number, …} */
int take_pairs(struct reading *, struct pair **out, size_t *count, json_t *value,
	       const char *pointer);
/* One parameter's value as text; NULL = refused. */
char *take_value(struct reading *, json_t *value, const char *pointer);

#define MEMBER_COUNT(table) (sizeof(table) / sizeof(*(table)))
#define REF_MAX 63			/* struct person: ref, and so on */
#define NAME_MAX_BYTES 127
#define NOTE_MAX 1000

#endif
