/* cause.h -- why the system refused something, in the reader's language.  Pure. */
#ifndef GONG_CAUSE_H
#define GONG_CAUSE_H

/* What an errno is called, as the value of a phrase; the system's own English for a rare one. */
const char *cause_word(int number);

#endif
