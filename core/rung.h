/* rung.h -- what a step of a policy is called in the reader's language.  Pure. */
#ifndef GONG_RUNG_H
#define GONG_RUNG_H

#include "core/phrase.h"

/* A policy's name for its step ("principals") as the value of a phrase: a word of the catalogue where
 * it has one, else the name itself. */
#define RUNG(name) rung_word((char[SAID_VALUE]){ 0 }, (name))
const char *rung_word(char out[SAID_VALUE], const char *name);
/* The same for a reader whose language is known. */
const char *rung_said(const char *name, enum lang);

#endif
