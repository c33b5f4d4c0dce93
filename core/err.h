/* err.h -- one sentence about what went wrong, for a person who must act on it.
 * `field` names the part of the input at fault (JSON pointer, column, option) or is empty. */
#ifndef GONG_ERR_H
#define GONG_ERR_H

struct err {
	char field[128];
	char text[512];
};

/* Fills `err` (which may be NULL) and returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_field(struct err *err, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
