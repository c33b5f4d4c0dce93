/* fuzz_format_kannel.c -- any bytes as the query of a client of Kannel's sendsms; and no password is kept. */
#include "tests/fuzz/format.h"

#include "daemon/intake/formats/kannel.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf kept = { 0 };
	char *body = xmalloc(size);

	memcpy(body, data, size);
	format_any(FORMAT_KANNEL, NULL, data, size);
	kannel_without_secrets(&kept, body, size);
	promise(!kept.len || (strncmp(kept.data, "password=", 9) != 0 && strncmp(kept.data, "pass=", 5) != 0 &&
			      !strstr(kept.data, "&password=") && !strstr(kept.data, "&pass=")),
		"no password is kept");
	buf_fini(&kept);
	free(body);
	return 0;
}
