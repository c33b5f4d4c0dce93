/* fuzz_format_grafana.c -- any bytes as what a Grafana sends. */
#include "tests/fuzz/format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	format_any(FORMAT_GRAFANA, NULL, data, size);
	return 0;
}
