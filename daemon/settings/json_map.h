/* json_map.h -- where the parts of a signal stand in a JSON document, as a rules file's `read` says:
 * pointers of RFC 6901, and what the sender's words mean in gong's.
 *
 *	read {
 *		each = "/alarms"			# a list: one signal for each of its items
 *		ref = "/id"  act = "/state"  act_is = { "1=alert", "0=end" }
 *		severity = "/level"  severity_is = { "II=orange" }
 *		area = "/station/code"
 *		label "level" { at = "/data/z" }
 *		text "zh" { headline = "/title" }
 *	} */
#ifndef GONG_JSON_MAP_H
#define GONG_JSON_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/signal.h"

/* Fields that have one pointer; each may be NULL: the sender does not say it. */
#define JSON_MAP_FIELDS(F) \
	F(ref) F(refs) F(act) F(mode) F(kind) F(severity) F(sent_at) F(onset_at) F(expires_at) \
	F(area) F(area_name)

struct json_map_word { char *theirs, *ours; };
struct json_map_words { struct json_map_word *list; size_t count; };
struct json_map_label { char *name, *at; };
struct json_map_text { enum lang lang; char *name, *at; };	/* name: of SIGNAL_TEXTS */

struct json_map {
	char *each;			/* NULL: the document is one signal */
#define F(name) char *name;
	JSON_MAP_FIELDS(F)
#undef F
	struct json_map_words act_is, mode_is, kind_is, severity_is;
	struct json_map_label *labels;
	struct json_map_text *texts;
	size_t label_count, text_count;
};

/* A file that holds nothing but `read { … }`.  NULL: err is "file:line: what; remedy". */
struct json_map *json_map_parse(const char *body, const char *file, struct err *);
void json_map_free(struct json_map *);		/* NULL is fine */
/* Does some word of theirs mean `end`?  Then the source takes back what it said. */
bool json_map_has_ends(const struct json_map *);
/* What their word means; NULL: it is not in the list. */
const char *json_map_word(const struct json_map_words *, const char *theirs);

#endif
