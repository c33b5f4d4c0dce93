/* fuzz_format_cap.c -- any bytes as a CAP message. */
#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	message_any(format_cap, NULL, data, size);
	return 0;
}
