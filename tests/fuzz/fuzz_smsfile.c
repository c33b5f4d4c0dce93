/* fuzz_smsfile.c -- any bytes as a file that was dropped for smstools or gammu: what comes of it is one text
 * to one number, or a reason. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "drivers/folder/smsfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(json_t *sms, const char *why)
{
	assert(!sms == !!why);
	if (!sms)
		return;
	assert(*json_string_value(json_object_get(sms, "to")));
	assert(json_string_length(json_object_get(sms, "text")) <= SMSFILE_TEXT_MAX + 64);
	json_decref(sms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data, *why;
	json_t *sms = smstools_read(bytes, size, &why);

	look(sms, why);
	sms = gammu_read("OUTC20261201_183519_00_+999100_sms0.smsbackup", bytes, size, &why);
	look(sms, why);
	sms = gammu_read("OUT+999100.txtf", bytes, size, &why);
	look(sms, why);
	return 0;
}
