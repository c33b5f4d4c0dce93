/* kannel.h -- the parameters of Kannel's sendsms, and what of them may be kept. */
#ifndef GONG_FORMATS_KANNEL_H
#define GONG_FORMATS_KANNEL_H

#include "core/buf.h"
#include "daemon/intake/formats/formats.h"

/* Its name, and the one it had in older versions. */
#define KANNEL_WISHES(W) \
	W(USERNAME, "username", "user") W(PASSWORD, "password", "pass") W(FROM, "from", NULL) W(TO, "to", NULL) \
	W(TEXT, "text", NULL) W(CHARSET, "charset", NULL) W(UDH, "udh", NULL) W(SMSC, "smsc", NULL) \
	W(MCLASS, "mclass", NULL) W(MWI, "mwi", NULL) W(COMPRESS, "compress", NULL) W(CODING, "coding", NULL) \
	W(VALIDITY, "validity", NULL) W(DEFERRED, "deferred", NULL) W(DLR_MASK, "dlr-mask", "dlrmask") \
	W(DLR_URL, "dlr-url", "dlrurl") W(ALT_DCS, "alt-dcs", "alt_dcs") W(ACCOUNT, "account", NULL) \
	W(BINFO, "binfo", NULL) W(PRIORITY, "priority", NULL) W(META_DATA, "meta-data", NULL)

/* The query without its password, and its dlr-url without what may be secret in it. */
void kannel_without_secrets(struct buf *out, const char *bytes, size_t len);

#endif
