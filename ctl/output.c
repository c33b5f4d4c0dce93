/* output.c -- what gongctl prints: as JSON, as text, by a pager where it is longer than the screen;
 * and whether all of it got there. */
#include "ctl/ctl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cause.h"

#define NO_PROGRAM 127			/* as the shell says it */

static int failed_by;			/* errno of the first write that failed */

/* What is longer than stdio's own room fails as it is put there, and a flush then knows no reason. */
static void
wrote(bool all)
{
	if (!all && !failed_by)
		failed_by = errno;
}

static void
flush(void)
{
	wrote(fflush(stdout) == 0);
}

int
ctl_json(json_t *answer)
{
	errno = 0;
	wrote(json_dumpf(answer, stdout, JSON_COMPACT) == 0);
	putchar('\n');
	flush();
	json_decref(answer);
	return CTL_OK;
}

void
ctl_print(struct buf *text)
{
	if (text->data)
		wrote(fputs(text->data, stdout) != EOF);
	flush();
	buf_fini(text);
}

int
ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	va_list args;

	fputs("gongctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n%s: gongctl help%s%s\n", say(ctl, "see", "参见"),
		ctl->command ? " " : "", ctl->command ? ctl->command->words : "");
	return CTL_USAGE;
}

/* -- pager, chosen as git chooses it -- */

static bool
fits(const struct buf *text)
{
	struct winsize size;
	size_t lines = 1;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row)
		return true;
	for (const char *c = text->data; c && *c; c++)
		lines += *c == '\n';
	return lines <= size.ws_row;
}

static const char *
pager(void)
{
	const char *named = getenv("GONG_PAGER");

	named = named ? named : getenv("PAGER");
	named = named ? named : "less";
	return *named && strcmp(named, "cat") != 0 ? named : NULL;
}

static pid_t
pager_start(const char *program, int *in)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		setenv("LESS", "FRX", 0);
		setenv("LESSSECURE", "1", 1);	/* no shell for who may only run gongctl */
		setenv("LESSCHARSET", "utf-8", 0);
		setenv("LV", "-c", 0);
		execl("/bin/sh", "sh", "-c", program, (char *)NULL);
		_exit(NO_PROGRAM);
	}
	close(ends[0]);
	*in = ends[1];
	if (pid < 0)
		close(ends[1]);
	return pid;
}

/* false: there is no such program, nothing was shown. */
static bool
by_pager(const char *program, const struct buf *text)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int in, status = 0;
	pid_t pid = pager_start(program, &in);
	size_t sent = 0;
	ssize_t n = 1;

	while (pid > 0 && sent < text->len && n > 0) {	/* who quits early has seen enough */
		n = write(in, text->data + sent, text->len - sent);
		sent += n > 0 ? (size_t)n : 0;
	}
	if (pid > 0) {
		close(in);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	signal(SIGPIPE, before);
	return pid > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM);
}

void
ctl_page(const struct ctl *ctl, struct buf *text)
{
	const char *program = pager();

	if (!ctl->no_pager && program && !fits(text)) {
		flush();
		if (by_pager(getenv("GONG_PAGER") || getenv("PAGER") ? program : "less 2>/dev/null", text))
			buf_reset(text);
	}
	ctl_print(text);
}

bool
output_failed(void)
{
	return failed_by || ferror(stdout);
}

int
output_end(const struct ctl *ctl, int code)
{
	char why[SAID_BYTES];

	flush();
	if (!output_failed())
		return code;
	value_render(cause_word(failed_by ? failed_by : EIO), ctl->lang, why, sizeof(why));
	fprintf(stderr,
		say(ctl, "gongctl: the output could not be written: %s; %s\n",
		    "gongctl: 输出无法写入:%s;%s\n"),
		why,
		code == CTL_OK ? say(ctl, "what was asked has been done", "所要求的操作已执行")
			       : say(ctl, "what was asked has not been done", "所要求的操作未执行"));
	return code == CTL_OK ? CTL_UNSAID : code;
}
