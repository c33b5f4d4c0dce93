/* internal.h -- what the files of intake/ share: strict reading of one JSON object. */
#ifndef GONG_INTAKE_INTERNAL_H
#define GONG_INTAKE_INTERNAL_H

#include <jansson.h>

#include "core/buf.h"
#include "daemon/intake/intake.h"

struct reading {
	struct err *err;
	bool refused;
};

/* Notes the refusal and returns -1; the rest as err_say. */
#define refuse(r, kind, about, name, ...) \
	((r)->refused = true, err_say((r)->err, kind, about, name, __VA_ARGS__))
/* Somebody below has filled r->err: says what of. */
int refuse_so(struct reading *, struct about);

/* More brackets within each other than `most`?  jansson would recurse through thousands of them. */
bool json_too_deep(const char *body, size_t len, unsigned most);
/* Size, encoding and depth first, then jansson.  NULL = refused; caller owns the object. */
json_t *json_object_read(struct reading *, const char *body, size_t len);

struct member {
	const char *name;
	enum concept concept;		/* what a refusal of it is about */
	int (*take)(struct reading *, void *out, json_t *value, const struct about *at);
};
/* Takes every member of the object by the table; null counts as absent, a name that is not in
 * the table is refused.  `base` is the object's own pointer ("" = the root). */
int members_take(struct reading *, const struct member *, size_t count, json_t *object,
		 const char *base, void *out);

/* A string of 1..max bytes without control characters. */
int take_string(struct reading *, char **out, json_t *value, const struct about *at, size_t max);
int take_strings(struct reading *, char ***out, size_t *count, json_t *value,
		 const struct about *at, size_t max);
int take_codes(struct reading *, division_code **out, size_t *count, json_t *value,
	       const struct about *at);
int take_code(struct reading *, division_code *out, json_t *value, const struct about *at);
int take_time(struct reading *, msec *out, json_t *value, const struct about *at);
int take_id(struct reading *, int64_t *out, json_t *value, const struct about *at);
/* {"name": "text" or number, …}; `division`: whose parameters they are, NULL = everybody's. */
int take_pairs(struct reading *, struct pair **out, size_t *count, json_t *value,
	       const struct about *at, const char *division);

/* canonical.c: appends the value in its one form, of which digests are made. */
void canonical_json(struct buf *, json_t *);

#define MEMBER_COUNT(table) (sizeof(table) / sizeof(*(table)))
#define REF_MAX 63			/* struct person: ref, and so on */
#define TAG_MAX 127			/* store.h: TAG_BYTES */
#define NAME_MAX_BYTES 127
#define WHO_MAX_BYTES 255		/* as struct task has it */
#define NOTE_MAX 1000

#endif
