/* unit.h -- what the unit tests share.  Cases are sentences; a failure prints the sentence. */
#ifndef GONG_UNIT_H
#define GONG_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* holds("the sentence", condition, "got %d", …) */
#define holds(sentence, condition, ...)                                \
	do {                                                           \
		if (!(condition)) {                                    \
			char got_[1200];                                \
			snprintf(got_, sizeof(got_), __VA_ARGS__);     \
			fail_msg("%s: %s", sentence, got_);            \
		}                                                      \
	} while (0)

/* A test's own folder goes with all that is in it; 0 or not, as a teardown wants it. */
static inline int
unit_remove(const char *folder)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

#endif
