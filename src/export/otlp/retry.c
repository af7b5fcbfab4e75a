/* Whether and when a request is tried again. */
#include "export/otlp/retry.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/text.h"

enum {
    first_backoff_ms = 200,
    backoff_limit_ms = 5000,
    ms_per_second = 1000,
    date_size = 64, /* the longest form is "Wednesday, 09-Nov-99 08:49:37 GMT" */
};

/* A year; whatever is later than that is later than any deadline. */
static const uint64_t wait_limit_s = 366 * UINT64_C(86400);

bool otlp__retry_is_for_status(long http_status)
{
    return http_status == 429 || http_status == 502 || http_status == 503 || http_status == 504;
}

uint64_t otlp__retry_backoff_ms(unsigned attempt, impact__random *random)
{
    uint64_t most = first_backoff_ms;
    for (unsigned i = 1; i < attempt && most < backoff_limit_ms; i++)
        most *= 2;
    if (most > backoff_limit_ms)
        most = backoff_limit_ms;
    return impact__random_next(random) % (most + 1);
}

/* 0 to 11; -1: it is none. */
static int month_of(const char *name)
{
    assert(name);
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++)
        if (memcmp(names + 3 * month, name, 3) == 0)
            return month;
    return -1;
}

/* The three forms of RFC 9110 5.6.7; names are English whatever the locale. A form is read to its
 * end, which is the only place where "%n" is reached. */
static bool read_imf_date(struct tm *p, char month[4], const char *text)
{
    int end = 0;
    const int count = sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &p->tm_mday,
                             month, &p->tm_year, &p->tm_hour, &p->tm_min, &p->tm_sec, &end);
    p->tm_year -= 1900;
    return count == 6 && end && !text[end];
}

static bool read_rfc850_date(struct tm *p, char month[4], const char *text)
{
    int end = 0;
    const int count = sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &p->tm_mday,
                             month, &p->tm_year, &p->tm_hour, &p->tm_min, &p->tm_sec, &end);
    p->tm_year += p->tm_year < 70 ? 100 : 0; /* two digits: 1970 to 2069 */
    return count == 6 && end && !text[end];
}

static bool read_asctime_date(struct tm *p, char month[4], const char *text)
{
    int end = 0;
    const int count = sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month,
                             &p->tm_mday, &p->tm_hour, &p->tm_min, &p->tm_sec, &p->tm_year, &end);
    p->tm_year -= 1900;
    return count == 6 && end && !text[end];
}

typedef bool read_form_fn(struct tm *parts, char month[4], const char *text);

static bool read_date_parts(struct tm *parts, const char *text)
{
    static read_form_fn *const forms[] = {read_imf_date, read_rfc850_date, read_asctime_date};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char month[4] = "";
        struct tm read = {.tm_year = 0};
        if (!forms[i](&read, month, text))
            continue;
        read.tm_mon = month_of(month);
        *parts = read;
        return true;
    }
    return false;
}

static bool are_in_range(const struct tm *p)
{
    return p->tm_mon >= 0 && p->tm_year >= 0 && p->tm_mday >= 1 && p->tm_mday <= 31 &&
           p->tm_hour >= 0 && p->tm_hour <= 23 && p->tm_min >= 0 && p->tm_min <= 59 &&
           p->tm_sec >= 0 && p->tm_sec <= 60; /* a leap second */
}

static bool parse_date(int64_t *unix_s, impact_text value)
{
    char text[date_size] = "";
    struct tm parts;
    if (value.size == 0 || value.size >= sizeof text || memchr(value.data, 0, value.size))
        return false;
    memcpy(text, value.data, value.size);
    if (!read_date_parts(&parts, text) || !are_in_range(&parts))
        return false;
    *unix_s = timegm(&parts);
    return true;
}

/* Digits only, however many. */
static bool parse_seconds(uint64_t *seconds, impact_text value)
{
    for (size_t i = 0; i < value.size; i++)
        if (!impact__is_digit(value.data[i]))
            return false;
    if (!impact__text_parse_uint(seconds, value, wait_limit_s))
        *seconds = wait_limit_s;
    return value.size > 0;
}

bool otlp__retry_after_parse(uint64_t *wait_ms, impact_text value, int64_t now_unix_s)
{
    const impact_text text = impact__text_trim(value);
    uint64_t seconds = 0;
    int64_t moment = 0;
    if (!parse_seconds(&seconds, text)) {
        if (!parse_date(&moment, text))
            return false;
        seconds = moment > now_unix_s ? (uint64_t)(moment - now_unix_s) : 0;
    }
    *wait_ms = (seconds < wait_limit_s ? seconds : wait_limit_s) * ms_per_second;
    return true;
}
