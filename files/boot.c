/* boot.c -- the kernel's name for this boot. */
#include "files/boot.h"

#include <stdlib.h>
#include <string.h>

#include "files/read.h"

void
boot_id_read(char out[BOOT_ID])
{
	char *text = file_read("/proc/sys/kernel/random/boot_id", 256, NULL, NULL);

	memset(out, 0, BOOT_ID);
	if (text)
		memcpy(out, text, strnlen(text, BOOT_ID - 1));
	out[strcspn(out, "\n")] = '\0';
	free(text);
}
