/* sense.c -- how a message is meant: status and msgType, which CAP and the national format share. */
#include <string.h>

#include "drivers/parse/message.h"

int
message_lacks(const char *what, struct err *err)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), cap_lacks, what);
}

int
message_strange(const char *what, const char *word, struct err *err)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), cap_strange, what, QUOTE(word));
}

static int
act_of(const char *type)
{
	static const struct { const char *word; enum signal_act act; } types[] = {
		{ "Alert", SIGNAL_ALERT }, { "Update", SIGNAL_UPDATE }, { "Cancel", SIGNAL_END },
		{ "Ack", SIGNAL_NOTE }, { "Error", SIGNAL_NOTE },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].word, type) == 0)
			return (int)types[i].act;
	return -1;
}

/* What is for the record only begins and ends nothing: a draft, an acknowledgement, an error. */
int
message_sense(const char *status, const char *type, enum signal_act *act, enum signal_mode *mode, struct err *err)
{
	int of_type = type ? act_of(type) : -1;

	if (!status || !type)
		return message_lacks(status ? "msgType" : "status", err);
	if (of_type < 0)
		return message_strange("msgType", type, err);
	*act = (enum signal_act)of_type;
	*mode = SIGNAL_MODE_REAL;
	if (strcmp(status, "Exercise") == 0) {
		*mode = SIGNAL_MODE_DRILL;
	} else if (strcmp(status, "Test") == 0) {
		*mode = SIGNAL_MODE_TEST;
		*act = SIGNAL_TEST;
	} else if (strcmp(status, "System") == 0) {
		*act = SIGNAL_BEAT;
	} else if (strcmp(status, "Draft") == 0) {
		*act = SIGNAL_NOTE;
	} else if (strcmp(status, "Actual") != 0) {
		return message_strange("status", status, err);
	}
	return 0;
}
