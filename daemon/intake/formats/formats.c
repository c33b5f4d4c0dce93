/* formats.c -- which parser reads which format. */
#include "daemon/intake/formats/formats.h"

format_parse_fn
format_parser(enum source_format format)
{
	static const format_parse_fn parsers[SOURCE_FORMAT_COUNT] = {
		[FORMAT_JSON] = format_json, [FORMAT_ALERTMANAGER] = format_alertmanager,
		[FORMAT_GRAFANA] = format_grafana, [FORMAT_ZABBIX] = format_zabbix,
	};

	return parsers[format];
}
