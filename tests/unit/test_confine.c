/* test_confine.c -- what a process that has confined itself cannot do any more, tried by a process that
 * wants to; and what it can still do.  Each attempt is a child of its own. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "drivers/kit/confine.h"

#define WORKED 0
#define KILLED 1000			/* + signal */

static pid_t parent;			/* stands for gongd: the same user, outside */
static int listener, held;		/* its socket; a file that was open before */
static char folder[] = "/tmp/gong-confine-XXXXXX", path[64];
static struct sockaddr_in tcp;

static int
said(long rc)
{
	return rc < 0 ? errno : WORKED;
}

/* 0 or errno of the attempt, or KILLED + signal. */
static int
try_confined(const struct confine *c, int (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct confined out = { 0 };

		confine(c, &out);
		_exit(out.lacks[0] ? 254 : attempt());
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct confine nothing, network = { .network = true };

/* 254: this kernel or this build cannot confine, and there is nothing to test. */
static bool
can_confine(void)
{
	static int can = -1;

	if (can < 0)
		can = try_confined(&nothing, getppid) != 254;
	if (!can)
		skip();
	return can;
}

static int read_shadow(void) { return said(open("/etc/shadow", O_RDONLY)); }
static int read_own_memory(void) { return said(open("/proc/self/mem", O_RDWR)); }
static int read_db(void) { return said(open(path, O_RDONLY)); }
static int write_db(void) { return said(open(path, O_WRONLY | O_TRUNC)); }
static int cut_db(void) { return said(truncate(path, 0)); }
static int make_file(void) { return said(open("/tmp/gong-confine-x", O_CREAT | O_WRONLY, 0600)); }
static int unlink_db(void) { return said(unlink(path)); }
static int chmod_db(void) { return said(chmod(path, 0777)); }
static int link_db(void) { return said(link(path, "/tmp/gong-confine-link")); }
static int make_tcp(void) { return said(socket(AF_INET, SOCK_STREAM, 0)); }
static int make_udp(void) { return said(socket(AF_INET6, SOCK_DGRAM, 0)); }
static int make_netlink(void) { return said(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int watch_sockets(void) { return said(socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)); }
static int make_raw(void) { return said(socket(AF_PACKET, SOCK_RAW, 0)); }
static int make_unix(void) { return said(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int pair_of_datagrams(void) { int p[2]; return said(socketpair(AF_UNIX, SOCK_DGRAM, 0, p)); }
static int pair_of_streams(void) { int p[2]; return said(socketpair(AF_UNIX, SOCK_STREAM, 0, p)); }
static int split(void) { return said(fork()); }
static int split_raw(void) { return said(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static int split_newer(void) { return said(syscall(SYS_clone3, "", 0)); }
static int become_shell(void) { return said(execl("/bin/sh", "sh", "-c", ":", (char *)NULL)); }
static int trace_parent(void) { return said(ptrace(PTRACE_SEIZE, parent, 0, 0)); }
static int stop_parent(void) { return said(kill(parent, 0)); }
static int stop_parent_thread(void) { return said(syscall(SYS_tgkill, parent, parent, 0)); }
static int queue_to_parent(void) { return said(syscall(SYS_rt_sigqueueinfo, parent, 0, NULL)); }
static int starve_parent(void)
{
	return said(prlimit(parent, RLIMIT_NOFILE, &(struct rlimit){ 0, 0 }, NULL));
}
static int take_ring(void) { char p[256] = ""; return said(syscall(SYS_io_uring_setup, 4, p)); }
static int take_bpf(void) { return said(syscall(SYS_bpf, 0, NULL, 0)); }
static int open_by_handle(void) { return said(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0)); }
static int take_pidfd(void) { return said(syscall(SYS_pidfd_open, parent, 0)); }
static int nest(void) { return said(unshare(CLONE_NEWUSER)); }
static int move_root(void) { return said(chroot("/")); }
static int dump_again(void) { return said(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int listen_again(void) { return said(listen(listener, 1)); }
static int type_for_others(void) { return said(ioctl(0, TIOCSTI, "x")); }
static int run_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
		== MAP_FAILED ? errno : WORKED;
}
static int turn_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return said(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int in_new_numbers(void) { return said(syscall(600)); }
static int of_old_programs(void)		/* getpid as i386 says it: write, execve … are near */
{
#ifdef __x86_64__
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20) : "memory");
	return rc > 0 ? WORKED : (int)-rc;
#else
	return raise(SIGSYS);
#endif
}

static const struct {
	const char *what;
	int (*attempt)(void);
	int quiet, connected;		/* without a network, with one */
} attempts[] = {
	{ "reads /etc/shadow", read_shadow, EACCES, EACCES },
	{ "opens its own memory as a file", read_own_memory, EACCES, EACCES },
	{ "reads gongd's database", read_db, EACCES, EACCES },
	{ "empties gongd's database", write_db, EACCES, EACCES },
	{ "cuts gongd's database", cut_db, EPERM, EPERM },
	{ "makes a file", make_file, EACCES, EACCES },
	{ "removes a file", unlink_db, EPERM, EPERM },
	{ "opens a file for others", chmod_db, EPERM, EPERM },
	{ "gives a file another name", link_db, EPERM, EPERM },
	{ "takes a TCP socket", make_tcp, EPERM, WORKED },
	{ "takes a UDP socket", make_udp, EPERM, WORKED },
	{ "asks the kernel for addresses", make_netlink, EPERM, WORKED },
	{ "asks the kernel for the sockets of others", watch_sockets, EPERM, EPERM },
	{ "takes a raw socket", make_raw, EPERM, EPERM },
	{ "takes a UNIX socket, as gongd's is", make_unix, EPERM, EPERM },
	{ "takes datagrams that it could turn elsewhere", pair_of_datagrams, EPERM, EPERM },
	{ "wakes itself by a pair of streams", pair_of_streams, EPERM, WORKED },
	{ "listens", listen_again, EPERM, EPERM },
	{ "forks", split, EPERM, EPERM },
	{ "forks by the raw call", split_raw, EPERM, EPERM },
	{ "forks by the newer call", split_newer, ENOSYS, ENOSYS },
	{ "starts a shell", become_shell, KILLED + SIGSYS, KILLED + SIGSYS },
	{ "traces gongd", trace_parent, KILLED + SIGSYS, KILLED + SIGSYS },
	{ "sends gongd a signal", stop_parent, EPERM, EPERM },
	{ "sends gongd's thread a signal", stop_parent_thread, EPERM, EPERM },
	{ "queues gongd a signal", queue_to_parent, EPERM, EPERM },
	{ "takes gongd's descriptors away", starve_parent, EPERM, EPERM },
	{ "goes round by io_uring", take_ring, ENOSYS, ENOSYS },
	{ "loads a BPF program", take_bpf, EPERM, EPERM },
	{ "opens a file by its handle", open_by_handle, EPERM, EPERM },
	{ "takes hold of gongd", take_pidfd, ENOSYS, ENOSYS },
	{ "makes itself a world of its own", nest, EPERM, EPERM },
	{ "changes the root", move_root, EPERM, EPERM },
	{ "lets itself be read again", dump_again, EPERM, EPERM },
	{ "types into a terminal of others", type_for_others, EPERM, EPERM },
	{ "runs what it has written", run_memory, EPERM, EPERM },
	{ "runs what it wrote before", turn_memory, EPERM, EPERM },
	{ "calls what glibc will know one day", in_new_numbers, ENOSYS, ENOSYS },
	{ "calls as another architecture", of_old_programs, KILLED + SIGSYS, KILLED + SIGSYS },
};

static void
every_attempt_ends_as_it_should(void **state)
{
	if (!can_confine())
		return;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		int quiet = try_confined(&nothing, attempts[i].attempt);
		int connected = try_confined(&network, attempts[i].attempt);

		holds(attempts[i].what, quiet == attempts[i].quiet, "without a network: %d, not %d",
		      quiet, attempts[i].quiet);
		holds(attempts[i].what, connected == attempts[i].connected, "with a network: %d, not %d",
		      connected, attempts[i].connected);
	}
}

/* A journal and a page file are open before, and are what the driver lives by. */
static int
use_what_is_open(void)
{
	char *page;
	int fd = held;

	if (ftruncate(fd, 8192) < 0 || flock(fd, LOCK_EX) < 0 || pwrite(fd, "a", 1, 0) != 1 ||
	    lseek(fd, 1, SEEK_SET) != 1 || write(fd, "b", 1) != 1 || fsync(fd) < 0 || fdatasync(fd) < 0)
		return errno;
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return errno;
	page[4096] = 'c';
	if (msync(page, 8192, MS_SYNC) < 0 || memcmp(page, "ab", 2) != 0)
		return errno ? errno : EIO;
	return WORKED;
}

static void
what_is_open_before_goes_on(void **state)
{
	if (!can_confine())
		return;
	assert_int_equal(try_confined(&nothing, use_what_is_open), WORKED);
	assert_int_equal(try_confined(&network, use_what_is_open), WORKED);
}

static void *
nap(void *ctx)
{
	*(int *)ctx = 1;
	return NULL;
}

static int
thread_and_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ran = 0;
	pthread_t thread;

	errno = pthread_create(&thread, NULL, nap, &ran);
	if (errno)
		return errno;
	pthread_join(thread, NULL);
	return ran ? said(connect(fd, (struct sockaddr *)&tcp, sizeof(tcp))) : EIO;
}

static void
with_a_network_it_connects_and_has_threads(void **state)
{
	if (!can_confine())
		return;
	assert_int_equal(try_confined(&network, thread_and_connect), WORKED);
	assert_int_equal(try_confined(&nothing, thread_and_connect), EPERM);
}

static int
bind_tcp(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return said(bind(fd, (struct sockaddr *)&any, sizeof(any)));
}

static void
with_a_network_it_still_serves_nobody(void **state)
{
	struct confined here;

	if (!can_confine())
		return;
	confine_probe(&here);
	if (here.landlock >= 4)
		assert_int_equal(try_confined(&network, bind_tcp), EACCES);
	assert_int_equal(try_confined(&network, listen_again), EPERM);
}

static int
set_up_terminal(void)
{
	struct termios tio;
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return errno;
	return said(tcgetattr(fd, &tio) < 0 || tcsetattr(fd, TCSANOW, &tio) < 0 || tcflush(fd, TCIOFLUSH) < 0
		    ? -1 : 0);
}

static void
a_folder_of_devices_can_be_opened_until_it_is_given_up(void **state)
{
	const struct confine devices = { .devices = (const char *[]){ "/dev", NULL } };

	if (!can_confine())
		return;
	assert_int_equal(try_confined(&devices, set_up_terminal), WORKED);
	assert_int_equal(try_confined(&devices, read_shadow), EACCES);
	assert_int_equal(try_confined(&nothing, set_up_terminal), EACCES);
}

static int
narrow_again(void)
{
	struct confined out = { .landlock = 1 };
	int before = set_up_terminal();

	confine(&nothing, &out);
	return before ? before : out.lacks[0] ? 253 : set_up_terminal();
}

static void
what_is_given_up_later_is_gone_then(void **state)
{
	const struct confine devices = { .devices = (const char *[]){ "/dev", NULL } };

	if (can_confine())
		assert_int_equal(try_confined(&devices, narrow_again), EACCES);
}

static char link_path[96], target[96], fresh[96];
static int ask[2], answer[2];

/* In the child: sees what it was granted, lets the parent replace it, sees what it is granted now. */
static int
see_both(void)
{
	struct confined out = { 0 };
	char c;

	confine(&(struct confine){ .files = (const char *[]){ link_path, path, NULL } }, &out);
	if (confine_is_outdated(&out) || said(open(link_path, O_RDONLY)) || said(open(path, O_RDONLY)) ||
	    open(fresh, O_RDONLY) >= 0)
		return 1;
	if (write(ask[1], "", 1) != 1 || read(answer[0], &c, 1) != 1)
		return 2;
	if (said(open(link_path, O_RDONLY)) || open(path, O_RDONLY) >= 0 || errno != EACCES)
		return 3;
	return confine_is_outdated(&out) && strcmp(confine_is_outdated(&out), path) == 0 ? WORKED : 4;
}

static void
write_new(const char *name)
{
	close(open(fresh, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(rename(fresh, name), 0);
}

/* resolv.conf: one by itself is granted by itself, one behind a link with the folder it lies in. */
static void
a_file_that_was_replaced_is_seen(void **state)
{
	int status;
	pid_t pid;
	char c;

	if (!can_confine())
		return;
	snprintf(fresh, sizeof(fresh), "%s/fresh", folder);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	snprintf(target, sizeof(target), "%s/below", folder);
	assert_int_equal(mkdir(target, 0700), 0);
	snprintf(target, sizeof(target), "%s/below/resolv.conf", folder);
	write_new(target);
	assert_int_equal(symlink(target, link_path), 0);
	assert_int_equal(pipe(ask), 0);
	assert_int_equal(pipe(answer), 0);
	pid = fork();
	if (pid == 0)
		_exit(see_both());
	assert_int_equal(read(ask[0], &c, 1), 1);
	write_new(path);
	write_new(target);
	assert_int_equal(write(answer[1], "", 1), 1);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static int
begin(void **state)
{
	socklen_t len = sizeof(tcp);

	parent = getpid();
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/gong.db", folder);
	held = open(path, O_CREAT | O_RDWR, 0666);
	tcp = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&tcp, sizeof(tcp)), 0);
	assert_int_equal(listen(listener, 16), 0);
	getsockname(listener, (struct sockaddr *)&tcp, &len);
	return held < 0;
}

static int
end(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attempt_ends_as_it_should),
		cmocka_unit_test(what_is_open_before_goes_on),
		cmocka_unit_test(with_a_network_it_connects_and_has_threads),
		cmocka_unit_test(with_a_network_it_still_serves_nobody),
		cmocka_unit_test(a_folder_of_devices_can_be_opened_until_it_is_given_up),
		cmocka_unit_test(what_is_given_up_later_is_gone_then),
		cmocka_unit_test(a_file_that_was_replaced_is_seen),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
