/* provider_pull.c -- receipts and replies that are fetched and not pushed: GET /pull/receipts and
 * /pull/replies hand out what is due, once; what was handed out is forgotten, whether it came or not. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/provider.h"

#define AT_ONCE 100

struct waiting {
	struct waiting *next;
	enum pull_kind kind;
	int64_t due_at;
	char id[24], *body;
};

static struct waiting *first, **end = &first;

void
pull_later(enum pull_kind kind, const char *body, long delay_ms, const char *id)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	*w = (struct waiting){ .kind = kind, .due_at = now_ms() + delay_ms, .body = xstrdup(body) };
	snprintf(w->id, sizeof(w->id), "%s", id);
	*end = w;
	end = &w->next;
}

static void
hand_out(struct buf *out, struct waiting *w, bool is_first)
{
	buf_puts(out, is_first ? "" : ",");
	buf_puts(out, w->body);
	*(w->kind == PULL_RECEIPT ? &counters.receipts : &counters.replies) += 1;
	book(&(struct entry){ .ev = w->kind == PULL_RECEIPT ? "receipt" : "reply", .id = w->id });
	free(w->body);
	free(w);
}

void
pull_take(struct exchange *x, enum pull_kind kind)
{
	struct answer a = { .status = 200 };
	unsigned count = 0;

	buf_puts(&a.body, "{\"code\":0,\"list\":[");
	for (struct waiting **at = &first, *w; (w = *at) && count < AT_ONCE;) {
		if (w->kind != kind || w->due_at > now_ms()) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		if (!*at)
			end = at;
		hand_out(&a.body, w, !count++);
	}
	buf_puts(&a.body, "]}");
	books_write();
	if (count && happens(options.pull_loss))
		a.way = WAY_HANG_UP;
	exchange_answer(x, &a);
}
