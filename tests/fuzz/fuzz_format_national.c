/* fuzz_format_national.c -- any bytes as a warning of the national platform. */
#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	message_any(format_national, "{\"kinds\":{\"11B03\":\"rainstorm\"},\"severities\":{\"Red\":\"red\"},"
		    "\"elements\":{\"sent\":\"sendTime\",\"event\":\"eventType\"}}", data, size);
	return 0;
}
