/* gzip: what is compressed comes back, up to a limit, and nothing else does. */
#include "export/otlp/gzip.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/faults.h"

/* What comes back is what was given, and less was sent if it repeats itself. */
static void check_round_trip(const char *data, size_t size, bool repeats)
{
    impact__buffer packed = IMPACT__BUFFER(NULL);
    impact__buffer plain = IMPACT__BUFFER(NULL);
    REQUIRE(otlp__gzip_append(&packed, impact_text_from(data, size)) == IMPACT_OK);
    CHECK(!repeats || packed.size < size / 10);
    CHECK_EQUAL(otlp__gunzip_append(&plain, impact__buffer_text(&packed), size), IMPACT_OK);
    CHECK(plain.size == size && memcmp(plain.data ? plain.data : "", data, size) == 0);
    impact__buffer_close(&packed);
    impact__buffer_close(&plain);
}

TEST(what_is_compressed_comes_back)
{
    static char data[1000 * 1000];
    check_round_trip("", 0, false);
    check_round_trip("a", 1, false);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + i % 7);
    check_round_trip(data, sizeof data, true);
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)((random = random * 1664525 + 1013904223) >> 24);
    check_round_trip(data, sizeof data, false);
}

TEST(it_is_put_behind_what_is_there)
{
    impact__buffer packed = IMPACT__BUFFER(NULL);
    impact__buffer plain = IMPACT__BUFFER(NULL);
    impact__buffer_append_string(&packed, "head");
    impact__buffer_append_string(&plain, "head");
    REQUIRE(otlp__gzip_append(&packed, impact_text_of("body")) == IMPACT_OK);
    CHECK(memcmp(packed.data, "head\x1F\x8B", 6) == 0);
    const impact_text behind = impact_text_from(packed.data + 4, packed.size - 4);
    CHECK_EQUAL(otlp__gunzip_append(&plain, behind, 4), IMPACT_OK);
    CHECK(plain.size == 8 && memcmp(plain.data, "headbody", 8) == 0);
    impact__buffer_close(&packed);
    impact__buffer_close(&plain);
}

/* As an answer may be that is small on the wire and huge in memory. */
TEST(more_than_the_limit_is_not_unpacked)
{
    impact__buffer packed = IMPACT__BUFFER(NULL);
    impact__buffer plain = IMPACT__BUFFER(NULL);
    static char data[100 * 1000];
    REQUIRE(otlp__gzip_append(&packed, impact_text_from(data, sizeof data)) == IMPACT_OK);
    CHECK_EQUAL(otlp__gunzip_append(&plain, impact__buffer_text(&packed), sizeof data - 1),
                IMPACT_ELIMIT);
    CHECK(plain.size == 0 && plain.capacity < 2 * sizeof data);
    CHECK_EQUAL(otlp__gunzip_append(&plain, impact__buffer_text(&packed), sizeof data), IMPACT_OK);
    impact__buffer_close(&packed);
    impact__buffer_close(&plain);
}

TEST(what_is_no_gzip_or_cut_off_is_refused)
{
    impact__buffer packed = IMPACT__BUFFER(NULL);
    impact__buffer plain = IMPACT__BUFFER(NULL);
    CHECK_EQUAL(otlp__gunzip_append(&plain, impact_text_of("no gzip"), 100), IMPACT_EINVAL);
    CHECK_EQUAL(otlp__gunzip_append(&plain, impact_text_from(NULL, 0), 100), IMPACT_EINVAL);
    REQUIRE(otlp__gzip_append(&packed, impact_text_of("some text")) == IMPACT_OK);
    for (size_t size = 0; size < packed.size; size++)
        CHECK_EQUAL(otlp__gunzip_append(&plain, impact_text_from(packed.data, size), 100),
                    IMPACT_EINVAL);
    packed.data[packed.size - 5] ^= 1; /* the checksum */
    CHECK_EQUAL(otlp__gunzip_append(&plain, impact__buffer_text(&packed), 100), IMPACT_EINVAL);
    CHECK_EQUAL(plain.size, 0);
    impact__buffer_close(&packed);
    impact__buffer_close(&plain);
}

TEST(each_allocation_may_fail)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer packed = IMPACT__BUFFER(&f.allocator);
        const impact_status status = otlp__gzip_append(&packed, impact_text_of("text"));
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK(!packed.has_failed && (!status || packed.size == 0));
        impact__buffer_close(&packed);
    }
    impact__buffer packed = IMPACT__BUFFER(NULL);
    REQUIRE(otlp__gzip_append(&packed, impact_text_of("text")) == IMPACT_OK);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer plain = IMPACT__BUFFER(&f.allocator);
        const impact_status status = otlp__gunzip_append(&plain, impact__buffer_text(&packed), 100);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK(!plain.has_failed && (!status || plain.size == 0));
        impact__buffer_close(&plain);
    }
    impact__buffer_close(&packed);
}
