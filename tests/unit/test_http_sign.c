/* test_http_sign.c -- the signing schemes against vectors, most of them published by the
 * providers (tests/data/http/vectors.json says which, and from where). */
#include <jansson.h>
#include <string.h>

#include "drivers/http/sign.c"
#include "tests/unit/unit.h"

static const char *
text(json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	if (!value)
		fail_msg("the vector has no %s", name);
	return value;
}

static void
same(struct buf *got, const char *wanted, const char *name)
{
	if (strcmp(got->data, wanted) != 0)
		fail_msg("%s: got %s, wanted %s", name, got->data, wanted);
	buf_fini(got);
}

static void
check_percent(const char *name, json_t *v)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(v, "cases"), i, one) {
		const char *from = json_string_value(json_array_get(one, 0));
		struct buf got = { 0 };

		sign_percent(&got, from, strlen(from));
		same(&got, json_string_value(json_array_get(one, 1)), name);
	}
}

/* The parameters go in as the vector's object has them and again in reverse: order is ours. */
static void
check_aliyun(const char *name, json_t *v)
{
	for (int reverse = 0; reverse < 2; reverse++) {
		struct buf query = { 0 }, wanted = { 0 };
		const char *key;
		json_t *value;

		json_object_foreach(json_object_get(v, "params"), key, value) {
			struct buf all = { 0 };
			const char *word = json_string_value(value);

			if (query.len && !reverse)
				buf_puts(&query, "&");
			sign_percent(reverse ? &all : &query, key, strlen(key));
			buf_puts(reverse ? &all : &query, "=");
			sign_percent(reverse ? &all : &query, word, strlen(word));
			if (!reverse)
				continue;
			if (query.len)
				buf_printf(&all, "&%s", query.data);
			buf_fini(&query);
			query = all;
		}
		buf_printf(&wanted, "%s&Signature=%s", text(v, "canonical_query"),
			   text(v, "signature_percent_encoded"));
		sign_aliyun_rpc(&query, text(v, "method"), text(v, "secret"));
		same(&query, wanted.data, name);
		buf_fini(&wanted);
	}
}

static void
check_tc3(const char *name, json_t *v)
{
	const struct sign_tc3 s = {
		.key_id = text(v, "secret_id"), .key = text(v, "secret_key"),
		.service = text(v, "service"), .host = text(v, "host"), .action = text(v, "action"),
		.at = json_integer_value(json_object_get(v, "timestamp")) * 1000,
	};
	struct buf got = { 0 };

	sign_tc3(&got, &s, text(v, "payload"), strlen(text(v, "payload")));
	same(&got, text(v, "authorization"), name);
}

static void
check_mas(const char *name, json_t *v)
{
	static const char *const order[] = { "ecName", "apId", "secretKey", "mobiles", "content",
					     "sign", "addSerial" };
	struct buf all = { 0 }, got = { 0 }, body = { 0 };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		buf_puts(&all, text(json_object_get(v, "request"), order[i]));
	sign_md5(&got, all.data, all.len);
	same(&got, text(v, "mac"), name);
	sign_base64(&body, text(v, "json"), strlen(text(v, "json")));
	same(&body, text(v, "post_body"), name);
	buf_fini(&all);
}

static void
every_vector_is_met(void **state)
{
	static const struct { const char *kind; void (*check)(const char *, json_t *); int wanted; }
	kinds[] = {
		{ "rfc3986", check_percent, 1 }, { "aliyun-rpc-hmac-sha1", check_aliyun, 5 },
		{ "tc3-hmac-sha256", check_tc3, 2 }, { "cmcc-cloud-mas", check_mas, 1 },
	};
	json_t *all = json_load_file("tests/data/http/vectors.json", 0, NULL), *v;
	const char *name;

	assert_non_null(all);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int seen = 0;

		json_object_foreach(all, name, v) {
			if (strcmp(text(v, "kind"), kinds[i].kind) != 0)
				continue;
			kinds[i].check(name, v);
			seen++;
		}
		assert_int_equal(seen, kinds[i].wanted);
	}
	json_decref(all);
}

/* "A1" stands behind "A" though "=" stands behind "1". */
static void
names_are_sorted_without_their_values(void **state)
{
	struct buf query = { 0 };

	buf_puts(&query, "A1=x&A=y");
	sign_aliyun_rpc(&query, "POST", "k");
	assert_memory_equal(query.data, "A=y&A1=x&Signature=", 19);
	buf_fini(&query);
}

/* 2024-12-31T23:30:00Z is 2025 in China already; the day in the signature is UTC's. */
static void
the_day_of_tc3_is_utc(void **state)
{
	const struct sign_tc3 s = { "id", "key", "sms", "h", "SendSms", 1735687800000 };
	struct buf got = { 0 };

	setenv("TZ", "Asia/Shanghai", 1);
	sign_tc3(&got, &s, "{}", 2);
	assert_non_null(strstr(got.data, "Credential=id/2024-12-31/sms/tc3_request"));
	buf_fini(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_met),
		cmocka_unit_test(names_are_sorted_without_their_values),
		cmocka_unit_test(the_day_of_tc3_is_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
