/* smsfile.h -- the files that programs drop for smstools and for gammu-smsd, as one text to one number.
 * Pure; any bytes may come. */
#ifndef GONG_FOLDER_SMSFILE_H
#define GONG_FOLDER_SMSFILE_H

#include <jansson.h>
#include <stddef.h>

#define SMSFILE_TEXT_MAX 4000		/* bytes, as UTF-8 */

/* Both return {"to","text","flash"}, the caller's; NULL: *why is a sentence for the reason file, which says
 * what to do. */

/* smstools 3, fileformat.html: headers "Key: value", an empty line, the text. */
json_t *smstools_read(const char *bytes, size_t len, const char **why);
/* gammu-smsd, service `files`: a backup as gammu-smsd-inject writes it, or a text whose file's name has the
 * number (OUT…_NUMBER_….txt). */
json_t *gammu_read(const char *name, const char *bytes, size_t len, const char **why);

#endif
