/* seccomp.c -- which system calls a confined process may still make: a straight list as classic BPF.
 * The list is from traced runs of the drivers (docs/confinement.md); of a call that is not on it the
 * caller hears EPERM and goes on, for a list that lacks one must not become a crash loop in a flood.
 * Only what no library of ours ever does, and whoever has taken a driver over does first, kills. */
#include "drivers/kit/internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH_HERE AUDIT_ARCH_X86_64
#define X32_FIRST 0x40000000u		/* numbers of another ABI that this architecture takes, too */
#elif defined(__aarch64__)
#define ARCH_HERE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH_HERE AUDIT_ARCH_RISCV64
#endif

#ifndef SYS_landlock_create_ruleset	/* the same on all architectures */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define FIRST_NEW 424			/* of Linux 5.1: a C library that hears ENOSYS takes an older call */
#define PROGRAM_MAX 512

#ifdef ARCH_HERE

/* What every driver does. */
static const unsigned short always[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_close,
	SYS_fstat, SYS_newfstatat, SYS_statx, SYS_openat, SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
	SYS_getdents64, SYS_getcwd, SYS_fcntl, SYS_dup, SYS_dup3, SYS_flock, SYS_ftruncate, SYS_fallocate, SYS_fsync,
	SYS_fdatasync, SYS_fstatfs, SYS_munmap, SYS_mremap, SYS_madvise, SYS_msync, SYS_brk,
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_pselect6, SYS_pipe2,
	SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime,
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
	SYS_setitimer, SYS_getitimer, SYS_getrandom, SYS_futex, SYS_set_robust_list, SYS_rseq,
	SYS_sched_yield, SYS_sched_getaffinity, SYS_getrusage, SYS_sysinfo, SYS_uname,
	SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
	SYS_exit, SYS_exit_group,
	SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self,
#ifdef __x86_64__			/* the others have only the newer ones */
	SYS_stat, SYS_lstat, SYS_open, SYS_access, SYS_readlink, SYS_dup2, SYS_pipe, SYS_poll, SYS_select,
	SYS_epoll_wait, SYS_eventfd, SYS_time, SYS_alarm,
#endif
};

static const unsigned short for_network[] = {
	SYS_connect, SYS_bind, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt,
	SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_shutdown,
};

static const unsigned short deadly[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
};

struct program {
	struct sock_filter at[PROGRAM_MAX];
	unsigned short count;
};

static void
add(struct program *p, unsigned short code, unsigned value, unsigned char yes, unsigned char no)
{
	p->at[p->count++] = (struct sock_filter){ code, yes, no, value };
}

static void
load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void
load_argument(struct program *p, int which)
{
	load(p, offsetof(struct seccomp_data, args) + (size_t)which * sizeof(uint64_t));
}

static void
give(struct program *p, unsigned action)
{
	add(p, BPF_RET | BPF_K, action, 0, 0);
}

#define DENY (SECCOMP_RET_ERRNO | EPERM)

/* If the value that is loaded is this one, then the action. */
static void
when(struct program *p, unsigned value, unsigned action)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	give(p, action);
}

static void
when_any(struct program *p, const unsigned short *calls, size_t count, unsigned action)
{
	for (size_t i = 0; i < count; i++)
		when(p, calls[i], action);
}

/* One argument of this call must be among the values, or the caller is denied. */
static void
allow_argument(struct program *p, long call, int which, const unsigned *values, size_t count)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, (unsigned char)(2 * count + 2));
	load_argument(p, which);
	for (size_t i = 0; i < count; i++)
		when(p, values[i], SECCOMP_RET_ALLOW);
	give(p, DENY);
}

/* A call whose argument has all of these bits is denied. */
static void
deny_bits(struct program *p, long call, int which, unsigned bits)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 5);
	load_argument(p, which);
	add(p, BPF_ALU | BPF_AND | BPF_K, bits, 0, 0);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, bits, 1, 0);
	give(p, SECCOMP_RET_ALLOW);
	give(p, DENY);
}

/* A thread is made, a process is not. */
static void
allow_threads(struct program *p)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
	load_argument(p, 0);
	add(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	give(p, SECCOMP_RET_ALLOW);
	give(p, DENY);
}

/* Only this machine's own calls: another ABI has other numbers for the same. */
static void
begin(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH_HERE, 1, 0);
	give(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
#ifdef X32_FIRST
	add(p, BPF_JMP | BPF_JGE | BPF_K, X32_FIRST, 0, 1);
	give(p, SECCOMP_RET_KILL_PROCESS);
#endif
}

/* Terminals, and how much can be read.  TIOCSTI and what moves the console are not among them. */
static void
allow_ioctl(struct program *p)
{
	static const unsigned what[] = {
		TCGETS, TCSETS, TCSETSW, TCSETSF, TCFLSH, TCSBRK, TCSBRKP, TIOCEXCL, TIOCMGET, TIOCMSET,
		TIOCMBIS, TIOCMBIC, TIOCGWINSZ, TIOCOUTQ, FIONREAD, FIONBIO,
		0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d,	/* TCGETS2, TCSETS2, …W2, …F2 */
	};

	allow_argument(p, SYS_ioctl, 1, what, sizeof(what) / sizeof(*what));
}

/* Of netlink the addresses of this machine: by them a resolver sorts what it has found. */
static void
allow_sockets(struct program *p)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 11);
	load_argument(p, 0);
	when(p, AF_INET, SECCOMP_RET_ALLOW);
	when(p, AF_INET6, SECCOMP_RET_ALLOW);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
	give(p, DENY);
	load_argument(p, 2);
	when(p, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
	give(p, DENY);
}

/* Connections and names, with the threads that look these up.  No AF_UNIX: gongd's own socket is
 * one.  A pair of streams is a process talking to itself; of datagrams it could be turned elsewhere. */
static void
allow_network(struct program *p)
{
	static const unsigned pairs[] = { SOCK_STREAM, SOCK_STREAM | SOCK_CLOEXEC,
		SOCK_STREAM | SOCK_NONBLOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK };

	when_any(p, for_network, sizeof(for_network) / sizeof(*for_network), SECCOMP_RET_ALLOW);
	allow_sockets(p);
	allow_argument(p, SYS_socketpair, 1, pairs, sizeof(pairs) / sizeof(*pairs));
	allow_threads(p);
}

static void
build(struct program *p, bool network, bool spools)
{
	const unsigned self = (unsigned)getpid(), nobody_else[] = { 0, self };

	begin(p);
	when_any(p, deadly, sizeof(deadly) / sizeof(*deadly), SECCOMP_RET_KILL_PROCESS);
	when_any(p, always, sizeof(always) / sizeof(*always), SECCOMP_RET_ALLOW);
	/* What was written is never run.  Names and charsets of other lands are loaded when needed. */
	deny_bits(p, SYS_mmap, 2, network ? PROT_EXEC | PROT_WRITE : PROT_EXEC);
	deny_bits(p, SYS_mprotect, 2, PROT_EXEC);
	allow_argument(p, SYS_prlimit64, 0, nobody_else, 2);
	allow_argument(p, SYS_tgkill, 0, &self, 1);		/* abort */
	allow_ioctl(p);
	if (network)
		allow_network(p);
	if (spools)
		when(p, SYS_renameat2, SECCOMP_RET_ALLOW);
	add(p, BPF_JMP | BPF_JGE | BPF_K, FIRST_NEW, 0, 1);	/* clone3, too: its flags lie in memory */
	give(p, SECCOMP_RET_ERRNO | ENOSYS);
	give(p, DENY);
}

int
seccomp_offered(void)
{
	const unsigned action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? 0 : errno;
}

/* What is denied goes to the kernel's log, where it has one for that. */
int
seccomp_confine(bool network, bool spools)
{
	static struct program p;
	struct sock_fprog filter = { .filter = p.at };

	p.count = 0;
	build(&p, network, spools);
	filter.len = p.count;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG |
		    SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0)
		return 0;
	return errno;
}

#else					/* no list was made for this architecture */

int
seccomp_offered(void)
{
	return EOPNOTSUPP;
}

int
seccomp_confine(bool network, bool spools)
{
	return EOPNOTSUPP;
}

#endif
