/* What is reported reaches the callback as one line of UTF-8 that no terminal obeys, whatever was
 * in it; as it was where it was that already; and once a minute, with the right number of those
 * withheld. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <impact/diagnostics.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { line_limit = 511, minute_s = 60 };

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* ---- the clock, found before the C library's; the wall's is true, as the fuzzer reads it ---- */

static int64_t now_s = 1000;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){.tv_sec = (time_t)now_s};
    return 0;
}

/* ---- what may be said ---- */

static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

/* Of a sequence of well-formed UTF-8: Unicode 3.9, table 3-6. */
static uint32_t decode(const char *at, size_t size)
{
    const uint32_t lead = (uint8_t)at[0];
    uint32_t character = size == 1 ? lead : lead & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++)
        character = character << 6 | ((uint8_t)at[i] & 0x3Fu);
    return character;
}

/* One line of UTF-8, without anything that commands. */
static bool is_presentable(impact_text text)
{
    while (text.size) {
        const size_t sequence = impact__utf8_sequence(text);
        if (!sequence || is_control(decode(text.data, sequence)))
            return false;
        text = impact_text_from(text.data + sequence, text.size - sequence);
    }
    return true;
}

/* ---- what was said ---- */

static unsigned said_count;
static uint64_t said_suppressed;
static char said[4096];

static void keep(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)userdata;
    require(severity == IMPACT_SEVERITY_WARNING);
    require(strlen(message) < sizeof said);
    memcpy(said, message, strlen(message) + 1);
    said_suppressed = suppressed;
    said_count++;
}

/* Every character that may stand there stands there still; and only a line that is too long is
 * shorter, by no more than what looks like a character that did not go in whole: of four bytes at
 * most. */
static void require_faithful(const char *text)
{
    const size_t size = strlen(text);
    const size_t kept = strlen(said);
    const bool is_clean = is_presentable(impact_text_of(text));
    require(is_presentable(impact_text_from(said, kept)));
    require(size <= line_limit ? kept == size : kept <= line_limit && kept + 4 >= line_limit);
    for (size_t i = 0; i < kept; i++)
        require(said[i] == text[i] || (!is_clean && (said[i] == ' ' || said[i] == '?')));
}

static void report(const char *subject, const char *text)
{
    const unsigned before = said_count;
    now_s += minute_s;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "fuzz", subject, "%s", text);
    require(said_count == before + 1);
    require_faithful(text);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "fuzz", subject, "%s", text);
    require(said_count == before + 1); /* not within the minute */
    now_s += minute_s;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "fuzz", subject, "%s", text);
    require(said_count == before + 2 && said_suppressed == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    impact_diagnostics_set_callback(keep, NULL);
    report(size % 2 ? NULL : text, text);
    impact_diagnostics_set_callback(NULL, NULL);
    free(text);
    return 0;
}
