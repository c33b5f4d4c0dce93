/* disk.h -- a disk made of memory that can lose power, fill up and fail: an SQLite VFS.
 * Installed as the default VFS of the process, so that the store needs to know nothing of it.
 * One thread only. */
#ifndef GONG_NIGHTS_DISK_H
#define GONG_NIGHTS_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum disk_fault { DISK_GOOD, DISK_FULL, DISK_ERROR };

void disk_install(void);
void disk_wipe(void);			/* no file is left; no file may be open */
/* What is on the disk now, for starting many nights from one district.  Caller frees. */
struct disk_image *disk_save(void);
void disk_load(const struct disk_image *);
void disk_image_free(struct disk_image *);

void disk_set_fault(enum disk_fault);
void disk_fail_after(unsigned writes);	/* good for so many more writes, then failing */
/* The process "dies": every open file is dead from now on (all it asks fails, nothing it does
 * reaches the disk).  Close the connections, then disk_restart. */
void disk_kill(void);
/* `power_cut`: of what was written and not synced, a random part is lost or torn. */
void disk_restart(bool power_cut, uint64_t *random);
unsigned long disk_writes(void);	/* since the start of the process */

#endif
