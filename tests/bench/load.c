/* load.c -- an HTTP load for the bench: alerts on kept-alive connections, closed or open loop.
 * usage: load PORT TOKEN CONNECTIONS SECONDS RATE CONTACTS PREFIX [sendsms]
 * RATE 0: each connection sends its next request when the last is answered (saturation).
 * RATE > 0: requests fall due at that rate over all connections, and the time is taken from when
 * one fell due, so that a stall shows.  CONTACTS: refs are PREFIX0 … PREFIX(CONTACTS-1).
 * `sendsms`: the same texts to the same people's numbers, asked of Kannel instead.
 * Prints one JSON object. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 4000000

struct connection {
	int fd;
	int64_t due_ns;			/* of the request in hand, 0 = idle */
	char in[4096];
	size_t have;
};

static int64_t samples[SAMPLES_MAX];
static size_t sample_count;
static uint64_t sent, accepted, refused;
static const char *token, *prefix;
static unsigned long contacts, run_id;
static int sendsms;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int
alert_request(char *request, size_t size)
{
	char body[512];
	int len = snprintf(body, sizeof(body), "{\"key\":\"%lx-%llu\",\"template\":\"notice.text\","
		"\"severity\":\"yellow\",\"params\":{\"text\":\"load %llu\"},"
		"\"audience\":{\"contacts\":[\"%s%llu\"]}}", run_id, (unsigned long long)sent,
		(unsigned long long)sent, prefix, (unsigned long long)(sent % contacts));

	return snprintf(request, size, "POST /v1/alerts HTTP/1.1\r\nHost: a\r\n"
		"Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %d\r\n\r\n%s", token, len, body);
}

static int
sendsms_request(char *request, size_t size)
{
	return snprintf(request, size, "GET /cgi-bin/sendsms?username=bench&password=%s&from=1"
		"&text=load+%llu&to=9992%09llu HTTP/1.1\r\nHost: a\r\n\r\n", token,
		(unsigned long long)sent, (unsigned long long)(sent % contacts));
}

static void
send_request(struct connection *c, int64_t due_ns)
{
	char request[1024];
	int all = sendsms ? sendsms_request(request, sizeof(request))
			  : alert_request(request, sizeof(request));

	if (write(c->fd, request, (size_t)all) != all)
		fail("write");
	c->due_ns = due_ns;
	c->have = 0;
	sent++;
}

/* A whole answer? */
static int
answered(struct connection *c)
{
	char *end, *length;

	c->in[c->have] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(c->in, "content-length:");
	return c->have >= (size_t)(end + 4 - c->in) + (length ? strtoul(length + 15, NULL, 10) : 0);
}

static int
take_answer(struct connection *c)
{
	ssize_t n = read(c->fd, c->in + c->have, sizeof(c->in) - 1 - c->have);

	if (n <= 0)
		fail("read (did gongd close the connection?)");
	c->have += (size_t)n;
	if (!answered(c))
		return 0;
	if (sample_count < SAMPLES_MAX)
		samples[sample_count++] = now_ns() - c->due_ns;
	if (strncmp(c->in, "HTTP/1.1 202", 12) == 0)
		accepted++;
	else if (!refused++)
		fprintf(stderr, "load: first refusal: %.200s\n", c->in);
	c->due_ns = 0;
	return 1;
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	int port, count, poll = epoll_create1(0);
	double seconds, rate;
	struct connection *all;
	struct epoll_event events[256];
	int64_t start, end, next;
	size_t busy = 0;

	if (argc != 8 && !(argc == 9 && strcmp(argv[8], "sendsms") == 0)) {
		fputs("usage: load PORT TOKEN CONNECTIONS SECONDS RATE CONTACTS PREFIX [sendsms]\n",
		      stderr);
		return 2;
	}
	port = atoi(argv[1]);
	token = argv[2];
	count = atoi(argv[3]);
	seconds = atof(argv[4]);
	rate = atof(argv[5]);
	contacts = strtoul(argv[6], NULL, 10);
	prefix = argv[7];
	sendsms = argc == 9;
	run_id = (unsigned long)now_ns();
	all = calloc((size_t)count, sizeof(*all));
	for (int i = 0; i < count; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &all[i] };

		all[i].fd = dial(port);
		epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &ev);
	}
	start = next = now_ns();
	end = start + (int64_t)(seconds * 1e9);
	for (int i = 0; rate <= 0 && i < count; i++, busy++)
		send_request(&all[i], now_ns());
	while (now_ns() < end || busy) {
		struct timespec wait = { 1, 0 };	/* never a spin: gongd needs the core */
		int n;

		for (int i = 0; rate > 0 && i < count && next <= now_ns() && next < end; i++) {
			if (all[i].due_ns)
				continue;
			send_request(&all[i], next);
			next += (int64_t)(1e9 / rate);
			busy++;
		}
		if (rate > 0 && next < end) {
			int64_t left = next - now_ns();

			wait = (struct timespec){ 0, left > 999999999 ? 999999999 : left };
			if (left < 0)	/* late, and every connection is busy */
				wait.tv_nsec = busy == (size_t)count ? 999999999 : 0;
		}
		n = epoll_pwait2(poll, events, 256, &wait, NULL);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (!take_answer(c))
				continue;
			if (rate <= 0 && now_ns() < end)
				send_request(c, now_ns());
			else
				busy--;
		}
		if (now_ns() > end + 20000000000)
			fail("answers are missing");
	}
	seconds = (double)(now_ns() - start) / 1e9;
	qsort(samples, sample_count, sizeof(*samples), by_size);
	printf("{\"accepted\":%llu,\"refused\":%llu,\"per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
	       "\"max_ms\":%.3f}\n", (unsigned long long)accepted, (unsigned long long)refused,
	       (double)accepted / seconds, sample_count ? samples[sample_count / 2] / 1e6 : 0,
	       sample_count ? samples[sample_count * 99 / 100] / 1e6 : 0,
	       sample_count ? samples[sample_count - 1] / 1e6 : 0);
	return refused ? 1 : 0;
}
