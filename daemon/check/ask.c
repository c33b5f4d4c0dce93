/* ask.c -- one program, started for this alone, and one question.  It waits for the answer and has no
 * part in the loop. */
#include "daemon/check/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/cause.h"
#include "core/lines.h"
#include "daemon/children/children.h"
#include "daemon/contract/said_json.h"

#define CHECK_MS 10000

struct talk {
	pid_t pid;
	int in, out;
	struct buf line;		/* what we ask, */
	size_t written;			/* and how much of it the program has */
	struct lines from;
	json_t *answer;			/* its `checked` or `fatal` */
};

static msec
monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
end_input(struct talk *t)
{
	close(t->in);
	t->in = -1;
}

static void
tell(struct talk *t)
{
	ssize_t n = write(t->in, t->line.data + t->written, t->line.len - t->written);

	if (n > 0)
		t->written += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || t->written == t->line.len)
		end_input(t);		/* broken: what it has to say about that follows */
}

static void
hear_lines(struct talk *t)
{
	size_t len;
	char *line;

	while (!t->answer && (line = lines_next(&t->from, &len))) {
		json_t *event = json_loadb(line, len, 0, NULL);
		const char *name = json_string_value(json_object_get(event, "ev"));

		if (name && (strcmp(name, "checked") == 0 || strcmp(name, "fatal") == 0))
			t->answer = json_incref(event);
		json_decref(event);
	}
}

/* false: its output has ended, or makes no lines. */
static bool
hear(struct talk *t)
{
	char chunk[65536];
	ssize_t n = read(t->out, chunk, sizeof(chunk));

	if (n > 0) {
		lines_add(&t->from, chunk, (size_t)n);
		hear_lines(t);
	}
	if (lines_overlong(&t->from))
		return false;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Until it has answered or ended; false: neither in time. */
static bool
converse(struct talk *t)
{
	msec until = monotonic() + CHECK_MS, left;

	while (!t->answer && (left = until - monotonic()) > 0) {
		struct pollfd fds[2] = { { t->out, POLLIN, 0 }, { t->in, POLLOUT, 0 } };

		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if (fds[1].revents)
			tell(t);
		if (fds[0].revents && !hear(t))
			return true;
	}
	return t->answer != NULL;
}

/* Its exit status, or that of the signal it died by, as a shell would say it. */
static int
end_driver(struct talk *t)
{
	int status = 0;

	if (t->in >= 0)
		end_input(t);
	close(t->out);
	kill(-t->pid, SIGKILL);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static enum ask_verdict
judge(json_t *answer, struct ask_answer *out)
{
	char *reason;

	out->problems = json_incref(json_object_get(answer, "problems"));
	out->confined = json_incref(json_object_get(answer, "confined"));
	if (json_is_array(out->problems))
		return ASK_CHECKED;
	if (out->confined && !out->problems)
		return ASK_NOT_CHECKED;
	reason = value_by_driver(json_object_get(answer, "reason"));
	if (strcmp(json_string_value(json_object_get(answer, "ev")), "fatal") != 0)
		err_say(&out->err, REFUSED_FAULT, about(CONCEPT_NONE), check_no_list);
	else if (reason)
		err_say(&out->err, REFUSED_FAULT, about(CONCEPT_NONE), verbatim, reason);
	else
		err_say(&out->err, REFUSED_FAULT, about(CONCEPT_NONE), check_fatal);
	free(reason);
	return ASK_UNFIT;
}

void
ask_program(const struct settings *s, const char *name, struct buf *line, struct ask_answer *out)
{
	const int no_files[CHILD_FILES] = { -1, -1 };	/* it touches nothing */
	struct err *err = &out->err;
	struct talk t = { .in = -1 };
	char *program;
	bool in_time;
	int status;

	*out = (struct ask_answer){ .verdict = ASK_UNFIT };
	program = settings_program(s, name, err);
	if (!program) {
		/* err says so */
	} else if ((t.pid = child_spawn(program, no_files, &t.in, &t.out, NULL)) < 0) {
		err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_no_start, program, cause_word(errno));
	} else {
		fcntl(t.in, F_SETFL, fcntl(t.in, F_GETFL) | O_NONBLOCK);
		t.line = *line;
		*line = (struct buf){ 0 };
		in_time = converse(&t);
		status = end_driver(&t);
		if (t.answer)
			out->verdict = judge(t.answer, out);
		else if (!in_time)
			err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_no_answer,
				NUM(CHECK_MS / 1000));
		else if (status == 0)
			out->verdict = ASK_NOT_CHECKED;
		else
			err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_ended, program, NUM(status));
	}
	json_decref(t.answer);
	lines_fini(&t.from);
	buf_fini(&t.line);
	buf_fini(line);
	free(program);
}

void
ask_answer_fini(struct ask_answer *a)
{
	json_decref(a->problems);
	json_decref(a->confined);
}
