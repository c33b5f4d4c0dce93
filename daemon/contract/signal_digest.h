/* signal_digest.h -- by what one signal is known to be the same as another. */
#ifndef GONG_SIGNAL_DIGEST_H
#define GONG_SIGNAL_DIGEST_H

#include "core/signal.h"

#define SIGNAL_DIGEST 32		/* SHA-256 */

/* Of all that it says, its act and its refs too. */
void signal_digest(const struct signal *, unsigned char out[SIGNAL_DIGEST]);

#endif
