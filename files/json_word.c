/* json_word.c -- what jansson finds wrong with a text, each with its phrase. */
#include "files/json_word.h"

#include "core/phrase.h"

const char *
json_word(const json_error_t *where)
{
	switch (json_error_code(where)) {
	case json_error_premature_end_of_input:
		return WORD(json_ended);
	case json_error_end_of_input_expected:
		return WORD(json_trailing);
	case json_error_duplicate_key:
		return WORD(json_twice);
	case json_error_numeric_overflow:
		return WORD(json_number);
	case json_error_null_character:
	case json_error_null_byte_in_key:
	case json_error_invalid_utf8:
		return WORD(json_string);
	default:
		return WORD(json_syntax);
	}
}
