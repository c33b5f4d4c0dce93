/* books.c -- the simulated network's own record of what it took, one JSON line each. */
#include "drivers/sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A line that a kill tore is ended first, so that the next one stands by itself. */
int
books_open(struct sim *s)
{
	off_t size;
	char last = '\n';

	s->log = open(s->conf.log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (s->log < 0)
		return -1;
	size = lseek(s->log, 0, SEEK_END);
	if (size > 0 && pread(s->log, &last, 1, size - 1) == 1 && last != '\n')
		return write(s->log, "\n", 1) == 1 ? 0 : -1;
	return 0;
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

void
books_message(struct sim *s, const char *id, const char *to, const char *text_json,
	      unsigned reference, const char *note)
{
	if (s->log < 0)
		return;
	begin(s, "message", id, to);
	buf_printf(&s->books, ",\"reference\":%u", reference);
	if (note)
		buf_printf(&s->books, ",\"%s\":true", note);
	buf_puts(&s->books, ",\"text\":");
	buf_puts(&s->books, text_json);
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
