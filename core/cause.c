/* cause.c -- the errnos that people meet, each with its phrase. */
#include "core/cause.h"

#include <errno.h>
#include <string.h>

#include "core/phrase.h"

const char *
cause_word(int number)
{
	switch (number) {
	case ENOENT:
		return WORD(cause_no_file);
	case EACCES:
	case EPERM:
		return WORD(cause_forbidden);
	case EISDIR:
		return WORD(cause_folder);
	case ENOTDIR:
		return WORD(cause_no_folder);
	case ENOSPC:
	case EDQUOT:
		return WORD(cause_full);
	case EROFS:
		return WORD(cause_read_only);
	case EIO:
		return WORD(cause_broken);
	case ENOMEM:
		return WORD(cause_memory);
	case EMFILE:
	case ENFILE:
		return WORD(cause_too_many);
	case ELOOP:
		return WORD(cause_loop);
	case ENAMETOOLONG:
		return WORD(cause_long);
	case EPIPE:
		return WORD(cause_pipe);
	case ECONNREFUSED:
		return WORD(cause_refused);
	case ECONNRESET:
		return WORD(cause_reset);
	case EHOSTUNREACH:
	case ENETUNREACH:
		return WORD(cause_no_way);
	case ETIMEDOUT:
		return WORD(cause_no_answer);
	default:
		return strerror(number);
	}
}
