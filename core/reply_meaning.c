/* reply_meaning.c -- what a token means by a template's answer map, or by the global table. */
#include "core/reply.h"

#include <string.h>

bool
reply_meaning(const struct template *t, const char *token, enum answer_kind *kind, int *level)
{
	if (!token[0])
		return false;
	for (size_t i = 0; t && i < t->answer_count; i++) {
		if (strcmp(t->answers[i].token, token) == 0) {
			*kind = t->answers[i].kind;
			*level = t->answers[i].level;
			return true;
		}
	}
	*level = 0;
	if (strcmp(token, "0") == 0) {
		*kind = ANSWER_CANNOT;
		return true;
	}
	if (strcmp(token, "9") == 0) {
		*kind = ANSWER_HELP;
		return true;
	}
	if ((t && t->answer_count) || token[1] || token[0] < '1' || token[0] > '3')
		return false;
	*kind = token[0] == '1' ? ANSWER_ACKNOWLEDGED : token[0] == '2' ? ANSWER_IN_POST : ANSWER_DONE;
	*level = LEVEL_ACKNOWLEDGED + token[0] - '1';
	return true;
}
