/* signal_digest.c -- the digest of a signal is that of its one form as JSON. */
#include "daemon/contract/signal_digest.h"

#include <openssl/evp.h>

#include "files/signal_json.h"

void
signal_digest(const struct signal *s, unsigned char out[SIGNAL_DIGEST])
{
	struct signal said = *s;
	struct buf all = { 0 };

	said.meant_count = 0;		/* the same words mean other places when shapes are imported anew */
	signal_encode(&said, &all);
	EVP_Digest(all.data, all.len, out, NULL, EVP_sha256(), NULL);
	buf_fini(&all);
}
