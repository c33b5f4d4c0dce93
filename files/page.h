/* page.h -- the page: which of the messages in a driver's hand have begun to leave.
 * One file a route, mapped by gongd and by its driver.  What either has written there outlives it,
 * however it dies, and nothing waits for a disk: a power cut takes the page with it, which the
 * boot's id shows.  The layout is the contract of docs/drivers.md, "The page". */
#ifndef GONG_PAGE_H
#define GONG_PAGE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_MAGIC "gongpage"		/* 8 bytes, no NUL */
#define PAGE_VERSION 1
#define PAGE_FD 4			/* where gongd's drivers find it open, if `open` says so */
#define PAGE_SLOTS 16384u
#define PAGE_NO_SLOT 0u			/* slot 0 is nobody's, ever */

struct page_slot {
	_Atomic uint64_t id;		/* the message's, as a number; 0 = nobody's.  gongd writes it */
	_Atomic uint32_t left;		/* 1 = it may have begun to leave.  The driver writes it */
	uint32_t reserved;
};

struct page {
	char magic[8];
	uint32_t version, slot_count;
	char boot_id[40];
	/* What stands in no slot may be with the driver all the same. */
	_Atomic uint32_t incomplete;
	_Atomic int32_t pid;		/* the driver's, and of its group; 0 = none was noted */
	_Atomic uint64_t pid_started;	/* in ticks since the boot: whose number it really is */
	_Atomic int64_t committed_at;	/* Unix ms: gongd's books are at least so new */
	uint64_t reserved[6];
	struct page_slot slots[PAGE_SLOTS];
};
_Static_assert(offsetof(struct page, slots) == 128, "docs/drivers.md says so");
_Static_assert(sizeof(struct page_slot) == 16, "docs/drivers.md says so");

/* The file, NULL with errno if it is not a page's size.  The descriptor stays the caller's. */
struct page *page_map(int fd);
void page_unmap(struct page *);		/* NULL is nothing */

#endif
