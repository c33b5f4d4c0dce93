/* message.c -- which function reads which format. */
#include "drivers/parse/message.h"

#include <string.h>

message_fn
message_format(const char *name)
{
	static const struct { const char *name; message_fn read; } formats[] = {
		{ "cap", format_cap }, { "national", format_national },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].read;
	return NULL;
}
