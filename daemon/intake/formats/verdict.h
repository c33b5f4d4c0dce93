/* verdict.h -- what would become of a signal, by the rules alone: for gongd --check, which has no store,
 * and for whoever tries a file.  Whether a place is known, what was told lately and what a source may
 * send, the engine decides when it is meant. */
#ifndef GONG_FORMATS_VERDICT_H
#define GONG_FORMATS_VERDICT_H

#include "core/buf.h"
#include "daemon/intake/formats/formats.h"

/* A rule's name, or "unmatched", "refused", "ignored"; borrowed from the source. */
const char *verdict_of(const struct source_conf *, const struct signal_post *, size_t i);
/* Appends {"signals":[{"verdict","signal","fault"}]}. */
void verdict_json(const struct source_conf *, const struct signal_post *, struct buf *out);

/* How a sample becomes signals; as format_parse_fn. */
typedef int (*sample_read_fn)(void *ctx, const struct source_conf *, const struct format_input *,
			      struct signal_post *out, struct err *);
typedef void (*sample_fn)(void *ctx, const struct said *why);
/* Every test of its rules file; `fn` hears of each that does not hold. */
void verdict_samples(const struct source_conf *, msec now, sample_read_fn, sample_fn, void *ctx);

#endif
