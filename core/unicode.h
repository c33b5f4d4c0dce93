/* unicode.h -- characters of a text by what a reader makes of them: seen or unseen, blank, a dash.
 * The Unicode Standard's general categories Zs, Pd and Cf, as far as they come in by keyboards,
 * spreadsheets and chat programs.  Pure. */
#ifndef GONG_UNICODE_H
#define GONG_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at *text, which moves behind it (a byte that begins none: -1, and one byte on).  The
 * end of the text is 0, and *text stays. */
int32_t utf8_next(const char **text);
bool is_blank_char(int32_t c);		/* a space of any width, or a tab; no line break */
bool is_dash_char(int32_t c);		/* hyphen, dash, minus */
/* Takes no room: direction and joining marks, soft hyphens, controls; line breaks are none of them. */
bool is_unseen_char(int32_t c);
bool text_has_unseen(const char *text);
/* Leaves the blanks around out; `text` is UTF-8 of `len` bytes, and need not end with a NUL. */
void text_trim(const char **text, size_t *len);
/* The text as somebody can check it: what is unseen, or a blank that looks like a plain one, is
 * written U+200E; cut at a character, "…" marks it.  Returns out, which holds `size` bytes, >= 16. */
char *text_show(char *out, size_t size, const char *text);

#endif
