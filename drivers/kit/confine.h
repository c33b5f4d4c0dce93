/* confine.h -- a process gives up what it does not need: other programs, files, networks, the signals
 * and memories of its neighbours.  What it gives up it cannot get back, nor can whoever takes it over.
 * Of what is open it loses nothing.  It knows no protocol; kit.h has what drivers call. */
#ifndef GONG_CONFINE_H
#define GONG_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/* Lists end with NULL, and may be NULL themselves; what is not there is not granted.  A file that
 * lies elsewhere by a symbolic link is granted with the folder where it lies; any other alone:
 * when another file takes its name, it cannot be read (confine_is_outdated). */
struct confine {
	const char *const *folders;	/* what lies below may be read */
	const char *const *files;	/* may be read */
	const char *const *spools;	/* folders: what lies below may be read, made, written and moved */
	const char *const *devices;	/* folders: what lies below may be opened, written and set up */
	bool network;			/* may connect and resolve names; never listen */
	unsigned open_files;		/* at most so many descriptors; 0 = as it is */
};

#define CONFINE_FILES 16

struct confined {			/* what has been achieved */
	int landlock;			/* ABI in force; 0 = none */
	bool seccomp, no_network;
	bool refused;			/* the kernel has it and somebody forbids it: an alarm */
	char lacks[240];		/* what is not there and why, in words; "" = nothing */
	/* Files that were granted alone, as they were. */
	struct { char path[256]; dev_t device; ino_t file; } alone[CONFINE_FILES];
	size_t alone_count;
};

/* May be called again: each time narrows what the last one left.  The first `out` is zeroed by the
 * caller; later ones add to it. */
void confine(const struct confine *, struct confined *out);
/* What this kernel offers; nothing is given up. */
void confine_probe(struct confined *out);
/* The name of a file that was granted alone and has been replaced since; NULL: none. */
const char *confine_is_outdated(const struct confined *);

#endif
