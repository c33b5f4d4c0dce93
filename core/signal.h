/* signal.h -- what another system said, in one form, whatever it came as.
 * A format's parser (daemon/intake/formats/) makes it of bytes, a rule (core/rule.h) decides what
 * the office wants done about it, the engine keeps it and asks for the alert.  Only the parser knows
 * the format; nobody behind it does.
 *
 * Nothing of a signal is trusted: text goes in by signal_set and signal_label only, which cut at a
 * character, mend what is no UTF-8 and remove control characters; lists have the bounds below, and
 * what is beyond them is counted in `cut`, not kept.  Whether a text may go out to people is the
 * rule's business.  Instants are Unix ms, 0 = not said; coordinates are WGS 84 degrees, radii
 * kilometres (CAP 1.2, 3.2.4).  Pure but for memory; the signal owns all it points to. */
#ifndef GONG_SIGNAL_H
#define GONG_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/division.h"
#include "core/msec.h"
#include "core/words.h"

#define SIGNAL_REF_MAX 255		/* bytes of a ref; a longer one is the parser's to shorten */
#define SIGNAL_NAME_MAX 63		/* … of a label's name, a kind, a scheme */
#define SIGNAL_LABEL_MAX 500		/* … of a label's text, an area's name, a code */
#define SIGNAL_TEXT_MAX 4000		/* … of a text for people */
#define SIGNAL_REFS_MAX 64
#define SIGNAL_LABELS_MAX 64
#define SIGNAL_AREAS_MAX 256
#define SIGNAL_CODES_MAX 4000		/* of all areas together, and so on */
#define SIGNAL_POINTS_MAX 20000

/* ALERT begins something, UPDATE says it anew (CAP msgType, Alertmanager's firing with a ref known
 * before), END takes it back; TEST proves the way; BEAT says only that the sender lives; NOTE is for the
 * record (a draft, an acknowledgement). */
#define SIGNAL_ACTS(A) \
	A(ALERT, "alert") A(UPDATE, "update") A(END, "end") A(TEST, "test") A(BEAT, "beat") A(NOTE, "note")
enum signal_act {
#define A(name, text) SIGNAL_##name,
	SIGNAL_ACTS(A)
#undef A
	SIGNAL_ACT_COUNT
};

/* As the sender means it: a drill stays one whatever a rule says, and so does a test. */
#define SIGNAL_MODES(M) M(REAL, "real") M(DRILL, "drill") M(TEST, "test")
enum signal_mode {
#define M(name, text) SIGNAL_MODE_##name,
	SIGNAL_MODES(M)
#undef M
	SIGNAL_MODE_COUNT
};

struct signal_code {
	char *scheme;			/* "" = a division code (core/division.h); "SAME", "EMMA_ID" … */
	char *value;
};
struct signal_point {
	double lat, lon;
};
struct signal_ring {			/* a polygon: at least 4 points, the last one is the first */
	struct signal_point *points;
	size_t count;
};
struct signal_circle {
	struct signal_point centre;
	double radius_km;
};
/* The union of what it names; an area that is `without` is taken out of all the others. */
struct signal_area {
	char *name;			/* or NULL */
	bool without;
	struct signal_code *codes;
	struct signal_ring *rings;
	struct signal_circle *circles;
	size_t code_count, ring_count, circle_count;
};

/* Texts for people, in one language; each may be NULL. */
#define SIGNAL_TEXTS(T) \
	T(sender_name) T(event) T(headline) T(description) T(instruction) T(contact)
struct signal_texts {
#define T(name) char *name;
	SIGNAL_TEXTS(T)
#undef T
};

/* What fits nowhere else; rules match it and parameters draw on it.  A number stays the text it was
 * sent as, with its value beside. */
struct signal_label {
	char *name, *text;
	bool is_number;
	double value;			/* where it is one */
};

/* What a callback_mask is made of, and what a report says: Kannel's dlr-mask and %d. */
enum { DLR_DELIVERED = 1, DLR_FAILED = 2, DLR_BUFFERED = 4, DLR_ACCEPTED = 8, DLR_REJECTED = 16, DLR_ALL = 31 };

struct signal {
	enum signal_act act;
	enum signal_mode mode;
	char *ref;			/* the sender's own name for this; NULL = a digest is made of it */
	char **refs;			/* of those that it updates or ends, besides `ref`; one that ends with
					 * "#" names all that begin so: the parts of one message */
	size_t ref_count;
	char *kind;			/* of core/kinds.def, or the sender's own word; NULL = not said */
	int severity;			/* enum severity; -1 = not said */
	msec sent_at, onset_at, expires_at;
	struct signal_area *areas;
	size_t area_count;
	/* The divisions that its polygons and circles mean here: found by gong, not said by the sender, and so no
	 * part of its digest. */
	division_code *meant;
	size_t meant_count;
	struct signal_texts texts[LANG_COUNT];
	struct signal_label *labels;
	size_t label_count;
	char *callback;			/* where its sender wants to hear of its messages; not part of what is kept */
	unsigned callback_mask;		/* of what */
	unsigned cut;			/* so many things were too many or too long, and are not all here */
};

/* An empty one: an alert, real, of no severity. */
void signal_init(struct signal *);
void signal_fini(struct signal *);
void signals_free(struct signal *, size_t count);	/* an array of them, from the heap */

/* `*field` becomes `text`, at most `max` bytes of it; what is empty after mending is NULL.  Lines
 * stay lines, every other control character goes. */
void signal_set(struct signal *, char **field, const char *text, size_t max);
/* Text of a language by its name among SIGNAL_TEXTS; false: there is no such text. */
bool signal_text_set(struct signal *, enum lang, const char *name, const char *text);
const char *signal_text(const struct signal *, enum lang, const char *name);	/* NULL: none */
/* Adds one, or gives the one of that name another text. */
void signal_label(struct signal *, const char *name, const char *text);
/* A decimal with or without "-", as labels and coordinates are written; -1: it is none. */
int signal_number(double *out, const char *text);
const struct signal_label *signal_label_find(const struct signal *, const char *name);
void signal_ref_add(struct signal *, const char *ref);
/* A new area, borrowed until the next; NULL: there are too many. */
struct signal_area *signal_area_add(struct signal *, const char *name);
void signal_code_add(struct signal *, struct signal_area *, const char *scheme, const char *value);
/* Copies the points.  false: it is no ring (too few, open, or no place on Earth) and is left out. */
bool signal_ring_add(struct signal *, struct signal_area *, const struct signal_point *, size_t);
bool signal_circle_add(struct signal *, struct signal_area *, struct signal_circle);

void signal_meant_add(struct signal *, division_code);	/* at most SIGNAL_CODES_MAX */

const char *signal_act_name(enum signal_act);
int signal_act_parse(const char *word);		/* -1: none of that name */
const char *signal_mode_name(enum signal_mode);
int signal_mode_parse(const char *word);

#endif
