/* digest.c -- what stands in digest.h. */
#include "drivers/http/digest.h"

#include <string.h>

#include "drivers/http/options.h"

int
digest_options(struct digest *d, json_t *in, struct err *err)
{
	static const struct { const char *name; enum sign_hash hash; } hashes[] = {
		{ "md5", HASH_MD5 }, { "sha1", HASH_SHA1 }, { "sha256", HASH_SHA256 },
		{ "sha512", HASH_SHA512 },
	};
	const char *hash = "sha256", *as = "hex";

	if (option_text(in, "hash", &hash, err) < 0 || option_text(in, "as", &as, err) < 0 ||
	    option_text(in, "key", &d->key, err) < 0)
		return -1;
	d->as = strcmp(as, "base64") == 0 ? AS_BASE64 : AS_HEX;
	if (d->as == AS_HEX && strcmp(as, "hex") != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "as"), http_digest_as);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++)
		if (strcmp(hashes[i].name, hash) == 0) {
			d->hash = hashes[i].hash;
			return 0;
		}
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "hash"), http_digest_hash);
}

void
digest_add(struct buf *out, const struct digest *d, const char *text, size_t len)
{
	if (d->key)
		sign_hmac(out, d->hash, d->as, d->key, text, len);
	else
		sign_hash(out, d->hash, d->as, text, len);
}
