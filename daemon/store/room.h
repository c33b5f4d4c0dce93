/* room.h -- how much of the disk gong wants.  The ballast beside the store is given up when the disk is
 * full, so that what was accepted can still be told. */
#ifndef GONG_ROOM_H
#define GONG_ROOM_H

#define BALLAST_BYTES (64 * 1024 * 1024)
#define LOG_BYTES (64 * 1024 * 1024)	/* the store's log, at its longest after a busy night */
#define START_BYTES (8 * 1024 * 1024)	/* less is too little to start on */

#endif
