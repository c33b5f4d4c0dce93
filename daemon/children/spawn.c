/* spawn.c -- a child as a process of its own: a group, its pipes, its owner's files and nothing else
 * of gongd's. */
#include "daemon/children/internal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STREAMS 3			/* standard input, output and error */
#define FDS (STREAMS + CHILD_FILES)

/* fds[i] as number i and nothing else; -1 = that number stays as it is below STREAMS, else is
 * closed.  Each is put above all of them first: one may have the number that another shall get. */
static void
take_fds(int fds[FDS])
{
	for (int i = 0; i < FDS; i++)
		if (fds[i] >= 0)
			fds[i] = fcntl(fds[i], F_DUPFD, FDS);
	for (int i = 0; i < FDS; i++) {
		if (fds[i] >= 0)
			dup2(fds[i], i);
		else if (i >= STREAMS)
			close(i);
	}
	close_range(FDS, ~0U, 0);
}

/* In the child, between fork and exec: only what is safe there. */
static void
become_child(pid_t gongd, int fds[FDS])
{
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != gongd)
		_exit(127);		/* it died before the line above */
	take_fds(fds);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void
close_both(const int pipe[2])
{
	for (int i = 0; i < 2; i++)
		if (pipe[i] >= 0)
			close(pipe[i]);
}

pid_t
child_spawn(const char *program, const int files[CHILD_FILES], int *to, int *from, int *errors)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t gongd = getpid(), pid;	/* 1 in a container */

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    (errors && pipe2(err, O_CLOEXEC) < 0))
		goto fail;
	fcntl(in[1], F_SETPIPE_SZ, 262144);
	fcntl(out[0], F_SETPIPE_SZ, 262144);
	pid = fork();
	if (pid < 0)
		goto fail;
	if (pid == 0) {
		become_child(gongd, (int[FDS]){ in[0], out[1], err[1], files[0], files[1] });
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
	if (errors) {
		close(err[1]);
		*errors = err[0];
	}
	return pid;
fail:
	close_both(in);
	close_both(out);
	close_both(err);
	return -1;
}

pid_t
run_spawn(const char *const *argv, int *output)
{
	int none = open("/dev/null", O_RDONLY | O_CLOEXEC), out[2] = { -1, -1 };
	pid_t gongd = getpid(), pid = none < 0 || pipe2(out, O_CLOEXEC) < 0 ? -1 : fork();

	if (pid == 0) {
		become_child(gongd, (int[FDS]){ none, out[1], out[1], -1, -1 });
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close_both((int[]){ none, out[1] });
	if (pid < 0) {
		close_both((int[]){ out[0], -1 });
		return -1;
	}
	setpgid(pid, pid);
	*output = out[0];
	return pid;
}
