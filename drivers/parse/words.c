/* words.c -- what the sender's words stand for, as its mapping file says. */
#include "drivers/parse/message.h"

const char *
message_word(const struct message *m, const char *list, const char *theirs)
{
	return theirs ? json_string_value(json_object_get(json_object_get(m->map, list), theirs)) : NULL;
}
