/* Retries: which answers, how long, and what Retry-After says. */
#include "export/otlp/retry.h"

#include "support/check.h"

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 5.6.7. */
static const int64_t example_unix_s = 784111777;

static const uint64_t year_ms = 366 * UINT64_C(86400) * 1000;

TEST(four_answers_are_retried_and_no_other)
{
    long count = 0;
    for (long status = 100; status < 600; status++)
        count += otlp__retry_is_for_status(status);
    CHECK_EQUAL(count, 4);
    CHECK(otlp__retry_is_for_status(429) && otlp__retry_is_for_status(502));
    CHECK(otlp__retry_is_for_status(503) && otlp__retry_is_for_status(504));
}

TEST(the_wait_grows_to_five_seconds_with_jitter_from_zero)
{
    impact__random random;
    impact__random_seed(&random);
    uint64_t most[8] = {0};
    uint64_t least[8];
    for (unsigned attempt = 0; attempt < 8; attempt++)
        least[attempt] = UINT64_MAX;
    for (int i = 0; i < 2000; i++) {
        for (unsigned attempt = 1; attempt <= 8; attempt++) {
            const uint64_t ms = otlp__retry_backoff_ms(attempt, &random);
            if (ms > most[attempt - 1])
                most[attempt - 1] = ms;
            if (ms < least[attempt - 1])
                least[attempt - 1] = ms;
        }
    }
    static const uint64_t limits[8] = {200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    for (int i = 0; i < 8; i++) {
        CHECK(most[i] <= limits[i]);
        CHECK(most[i] > limits[i] * 9 / 10); /* missed with a chance below 1e-90 */
        CHECK(least[i] < limits[i] / 10);
    }
    CHECK(otlp__retry_backoff_ms(4000000000u, &random) <= 5000);
}

/* The wait; -1 when the value is refused. */
static long long wait_of(const char *value, int64_t now)
{
    uint64_t ms = 0;
    return otlp__retry_after_parse(&ms, impact_text_of(value), now) ? (long long)ms : -1;
}

TEST(retry_after_may_be_seconds)
{
    CHECK_EQUAL(wait_of("0", 0), 0);
    CHECK_EQUAL(wait_of(" 120 ", 0), 120000);
    CHECK_EQUAL(wait_of("99999999999999999999999999999999999", 0), year_ms);
}

TEST(retry_after_may_be_a_date_in_three_forms)
{
    const int64_t now = example_unix_s - 10;
    CHECK_EQUAL(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", now), 10000);
    CHECK_EQUAL(wait_of("Sat, 31 Dec 2016 23:59:60 GMT", 1483228790), 10000); /* a leap second */
    CHECK_EQUAL(wait_of("Sunday, 06-Nov-94 08:49:37 GMT", now), 10000);
    CHECK_EQUAL(wait_of("Sun Nov  6 08:49:37 1994", now), 10000);
    CHECK_EQUAL(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", example_unix_s + 5), 0);
    CHECK_EQUAL(wait_of("Fri, 31 Dec 9999 23:59:59 GMT", now), year_ms);
}

TEST(any_other_retry_after_is_refused)
{
    static const char *const values[] = {
        "",
        " ",
        "-1",
        "+1",
        "1.5",
        "soon",
        "12 seconds",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT and more",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:-1:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMTxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (wait_of(values[i], 0) != -1)
            check_failed(__FILE__, __LINE__, "\"%s\" was accepted", values[i]);
}
