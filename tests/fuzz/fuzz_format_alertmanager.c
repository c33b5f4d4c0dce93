/* fuzz_format_alertmanager.c -- any bytes as what an Alertmanager or a Prometheus sends. */
#include "tests/fuzz/format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	format_any(FORMAT_ALERTMANAGER, NULL, data, size);
	return 0;
}
