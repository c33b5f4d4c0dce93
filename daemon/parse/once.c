/* once.c -- one question to a gong-parse of its own, waited for: gongd --check tries rules files' samples. */
#include "daemon/parse/internal.h"

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
#include "daemon/intake/formats/formats.h"

#define ONCE_MS 10000

struct once {
	pid_t pid;
	int in, from;
	struct buf question;
	size_t written;
	struct lines lines;
	struct signal_post *out;
	struct err *err;
	int rc;
	bool done;
};

static msec
monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
take_line(struct once *o, const char *line, size_t len)
{
	json_t *event = json_loadb(line, len, 0, NULL);
	const char *name = json_string_value(json_object_get(event, "ev"));

	if (name && strcmp(name, "part") == 0) {
		o->rc = talk_part(o->out, event);
		o->done = o->rc < 0;
	} else if (name && strcmp(name, "parsed") == 0) {
		o->rc = talk_end(o->out, event, o->err);
		o->done = true;
	}
	json_decref(event);
}

/* false: its output has ended. */
static bool
hear(struct once *o)
{
	char chunk[65536], *line;
	ssize_t n = read(o->from, chunk, sizeof(chunk));
	size_t len;

	if (n > 0)
		lines_add(&o->lines, chunk, (size_t)n);
	while (!o->done && (line = lines_next(&o->lines, &len)))
		take_line(o, line, len);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
tell(struct once *o)
{
	ssize_t n = write(o->in, o->question.data + o->written, o->question.len - o->written);

	if (n > 0)
		o->written += (size_t)n;
}

/* Both at once: neither side may wait for the other to read. */
static void
converse(struct once *o)
{
	msec until = monotonic() + ONCE_MS, left;

	while (!o->done && (left = until - monotonic()) > 0) {
		bool all = o->written == o->question.len;
		struct pollfd fds[2] = { { o->from, POLLIN, 0 }, { all ? -1 : o->in, POLLOUT, 0 } };

		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if (fds[1].revents)
			tell(o);
		if (fds[0].revents && !hear(o))
			return;
	}
}

static int
ask_child(const struct settings *s, const struct parse_ask *ask, struct signal_post *out, struct err *err)
{
	const int no_files[CHILD_FILES] = { -1, -1 };
	struct once o = { .out = out, .err = err };
	char *program = talk_program(s, err);

	if (!program)
		return -1;
	talk_open(&o.question, s);
	buf_puts(&o.question, "\n");
	talk_ask(&o.question, 1, ask);
	buf_puts(&o.question, "\n");
	o.pid = child_spawn(program, no_files, &o.in, &o.from, NULL);
	if (o.pid < 0) {
		o.rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_no_start, program, cause_word(errno));
	} else {
		fcntl(o.in, F_SETFL, O_NONBLOCK);
		converse(&o);
		if (!o.done)
			o.rc = err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), parse_deadly, NUM(1));
		close(o.in);
		close(o.from);
		kill(-o.pid, SIGKILL);
		while (waitpid(o.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	lines_fini(&o.lines);
	buf_fini(&o.question);
	free(program);
	return o.rc;
}

int
parse_ready(const struct settings *s, struct err *err)
{
	struct buf open = { 0 };
	char *program = NULL;
	int rc = 0;

	talk_open(&open, s);
	if (open.len && !(program = talk_program(s, err)))
		rc = -1;
	free(program);
	buf_fini(&open);
	return rc;
}

int
parse_once(const struct settings *s, const struct parse_ask *ask, struct signal_post *out, struct err *err)
{
	format_parse_fn at_once = format_parser(ask->source->format);
	struct format_input in = { .bytes = ask->bytes, .len = ask->len, .map = ask->source->rules.map,
				   .content_type = ask->content_type, .now = ask->now };

	return at_once ? at_once(out, &in, err) : ask_child(s, ask, out, err);
}
