/* fuzz_format_zabbix.c -- any bytes as what a Zabbix sends. */
#include "tests/fuzz/format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	format_any(FORMAT_ZABBIX, NULL, data, size);
	return 0;
}
