/* books.c -- the simulated network's own record of what it took, one JSON line each. */
#include "drivers/sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TORN_MAX (1 << 21)		/* a write is shorter, and so is what a kill left of it */

off_t
books_size(const struct sim *s)
{
	off_t size = lseek(s->log, 0, SEEK_END);

	return size < 0 ? 0 : size;	/* a pipe */
}

/* Where the last whole line ends; -1: what stands there was not written by us. */
static off_t
whole_end(const struct sim *s, off_t size)
{
	char chunk[4096];
	off_t end = size;

	while (end > 0 && size - end < TORN_MAX) {
		size_t len = end < (off_t)sizeof(chunk) ? (size_t)end : sizeof(chunk);
		ssize_t n = pread(s->log, chunk, len, end - (off_t)len);
		const char *newline = n == (ssize_t)len ? memrchr(chunk, '\n', len) : NULL;

		if (n != (ssize_t)len)
			return -1;
		if (newline)
			return end - (off_t)len + (newline - chunk) + 1;
		end -= (off_t)len;
	}
	return end > 0 || (size && chunk[0] != '{') ? -1 : 0;
}

/* A line that a kill tore goes: gongd never heard of it.  To cut it off is one step, so a kill at this
 * very moment does not matter.  A line of somebody else's is only ended. */
int
books_open(struct sim *s)
{
	off_t size, end;

	s->log = open(s->conf.log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (s->log < 0)
		return -1;
	size = books_size(s);
	end = whole_end(s, size);
	if (end < 0)
		return write(s->log, "\n", 1) == 1 ? 0 : -1;
	return end == size ? 0 : ftruncate(s->log, end);
}

static void
begin(struct sim *s, const char *ev, const char *id, const char *to)
{
	buf_printf(&s->books, "{\"at\":%lld,\"ev\":\"%s\",\"id\":\"", (long long)kit_now(), ev);
	buf_puts(&s->books, id);
	buf_puts(&s->books, "\",\"to\":\"");
	buf_puts(&s->books, to);
	buf_add(&s->books, "\"", 1);
}

static void
end(struct sim *s)
{
	buf_add(&s->books, "}\n", 2);
	if (s->books.len > 1 << 20)
		books_write(s);
}

static void
add_answer(struct sim *s, const struct flight *answer)
{
	buf_printf(&s->books, ",\"answer\":{\"id\":\"%s\",\"due\":%lld,\"text\":", answer->id,
		   (long long)answer->due_at);
	buf_puts(&s->books, answer->words->json);
	buf_puts(&s->books, "}");
}

void
books_message(struct sim *s, const struct entry *e)
{
	if (s->log < 0)
		return;
	begin(s, "message", e->id, e->to);
	buf_printf(&s->books, ",\"reference\":%u", e->reference);
	if (e->note)
		buf_printf(&s->books, ",\"%s\":true", e->note);
	if (e->answer)
		add_answer(s, e->answer);
	buf_puts(&s->books, ",\"text\":");
	buf_puts(&s->books, e->text_json);
	end(s);
}

void
books_took(struct sim *s, const char *id)
{
	if (s->log < 0)
		return;
	buf_printf(&s->books, "{\"at\":%lld,\"ev\":\"took\",\"id\":\"%s\"", (long long)kit_now(), id);
	end(s);
}

void
books_call(struct sim *s, const struct flight *f)
{
	if (s->log < 0)
		return;
	begin(s, "call", f->id, f->to);
	buf_puts(&s->books, ",\"text\":");
	buf_puts(&s->books, f->words->json);
	end(s);
}

void
books_ended(struct sim *s, const struct flight *f, const char *outcome, const char *keys)
{
	if (s->log < 0)
		return;
	begin(s, "ended", f->id, f->to);
	buf_printf(&s->books, ",\"outcome\":\"%s\",\"digits\":\"%s\",\"ms\":%lld", outcome, keys,
		   (long long)(s->now - f->began_at));
	end(s);
}

void
books_inbound(struct sim *s, const char *id, const char *from, const char *text)
{
	if (s->log < 0)
		return;
	buf_printf(&s->books, "{\"at\":%lld,\"ev\":\"inbound\",\"id\":\"%s\",\"from\":\"%s\",\"text\":",
		   (long long)kit_now(), id, from);
	buf_puts(&s->books, text);
	end(s);
}

/* Books that cannot be kept are said once; the network goes on, as a real one would. */
void
books_write(struct sim *s)
{
	size_t done = 0;

	while (done < s->books.len) {
		ssize_t n = write(s->log, s->books.data + done, s->books.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (!s->log_failed)
				kit_log("books cannot be written file=%s reason=\"%s\"", s->conf.log,
					strerror(errno));
			s->log_failed = true;
			break;
		}
		done += (size_t)n;
	}
	buf_reset(&s->books);
}
