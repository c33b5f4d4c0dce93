/* boot.h -- which boot of the machine this is: what lies in memory alone is true for one only. */
#ifndef GONG_FILES_BOOT_H
#define GONG_FILES_BOOT_H

#define BOOT_ID 40			/* bytes, the NUL and zeros behind it included */

void boot_id_read(char out[BOOT_ID]);	/* "" where the kernel does not say */

#endif
