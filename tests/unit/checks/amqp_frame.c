/* Frames of AMQP 0-9-1. */
#include "checks/amqp_frame.h"

#include <string.h>

#include "base/text.h"
#include "support/check.h"
#include "support/faults.h"

#define BYTES(text) ((const uint8_t *)(text)), (sizeof(text) - 1)

TEST(heads_are_read)
{
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"\1\0\0\0\0\1\2"), 0x102 + 1);
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"\1\0\0\0\1\0\0"), 64 * 1024 + 1);
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"\1\0\0\0\1\0\1"), 0);
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"\1\0\0\0\0\0\3"), 0);
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"\1\0\1\0\0\0\4"), 0);  /* a channel */
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"\x8\0\0\0\0\0\4"), 0); /* a heartbeat */
    CHECK_EQUAL(impact__amqp_rest_size((const uint8_t *)"AMQP\0\0\x9"), 0);
}

TEST(methods_are_read)
{
    uint16_t method = 0;
    CHECK(impact__amqp_method_of(&method, BYTES("\0\x0a\0\x1e\xce")));
    CHECK_EQUAL(method, impact__amqp_tune);
    CHECK(!impact__amqp_method_of(&method, BYTES("\0\x0a\0\x1e!")));
    CHECK(!impact__amqp_method_of(&method, BYTES("\0\x14\0\x1e\xce"))); /* of a channel */
    CHECK(!impact__amqp_method_of(&method, BYTES("\0\x0a\0\xce")));
}

TEST(what_is_proposed_is_read)
{
    impact__amqp_tuning tuning;
    static const char tune[] = "\0\x0a\0\x1e\7\xff\0\2\0\0\0\x3c\xce";
    CHECK(impact__amqp_read_tune(&tuning, BYTES(tune)));
    CHECK_EQUAL(tuning.channel_limit, 0x7ff);
    CHECK_EQUAL(tuning.frame_limit, 0x20000);
    CHECK_EQUAL(tuning.heartbeat_s, 60);
    CHECK(!impact__amqp_read_tune(&tuning, (const uint8_t *)tune, sizeof tune - 2));
}

TEST(why_it_closes_is_read_as_far_as_it_is_there)
{
    static const char whole[] = "\0\x0a\0\x32\1\x93\3why\0\0\0\0\xce";
    CHECK(impact__text_equal_string(impact__amqp_read_close(BYTES(whole)), "why"));
    CHECK(impact__text_equal_string(impact__amqp_read_close(BYTES("\0\x0a\0\x32\1\x93\x9why\xce")),
                                    "why"));
    CHECK_EQUAL(impact__amqp_read_close(BYTES("\0\x0a\0\x32\1\x93\3\xce")).size, 0);
    CHECK_EQUAL(impact__amqp_read_close(BYTES("\0\x0a\0\x32\1\xce")).size, 0);
    CHECK_EQUAL(impact__amqp_read_close(BYTES("\0\x0a\0\x32\xce")).size, 0);
}

/* The head says what is behind it, and it ends with a mark. */
static void check_frame(impact__buffer *to, uint16_t expected)
{
    uint16_t method = 0;
    const uint8_t *bytes = (const uint8_t *)to->data;
    const size_t rest = impact__amqp_rest_size(bytes);
    CHECK_EQUAL(impact__amqp_head_size + rest, to->size);
    CHECK(impact__amqp_method_of(&method, bytes + impact__amqp_head_size, rest));
    CHECK_EQUAL(method, expected);
    impact__buffer_clear(to);
}

static void write_all(impact__buffer *to, void (*look)(impact__buffer *, uint16_t))
{
    const impact__amqp_tuning tuning = {1, 2, 3};
    impact__amqp_write_start_ok(to, impact_text_of("me"), impact_text_of("secret"));
    look(to, impact__amqp_start_ok);
    impact__amqp_write_tune_ok(to, &tuning);
    look(to, impact__amqp_tune_ok);
    impact__amqp_write_open(to, impact_text_of("/"));
    look(to, impact__amqp_open);
    impact__amqp_write_close(to);
    look(to, impact__amqp_close);
    impact__amqp_write_close_ok(to);
    look(to, impact__amqp_close_ok);
}

TEST(frames_are_written_whole)
{
    impact__buffer to = IMPACT__BUFFER(NULL);
    write_all(&to, check_frame);
    impact__buffer_close(&to);
}

TEST(a_login_has_its_properties_and_its_parts)
{
    static const char expected[] = "\1\0\0\0\0\0\x53\0\x0a\0\x0b\0\0\0\x31"
                                   "\x0c"
                                   "capabilitiesF\0\0\0\x1f\x1c"
                                   "authentication_failure_closet\1\5PLAIN\0\0\0\x0a\0me\0secret"
                                   "\5en_US\xce";
    impact__buffer to = IMPACT__BUFFER(NULL);
    impact__amqp_write_start_ok(&to, impact_text_of("me"), impact_text_of("secret"));
    CHECK(impact__text_equal(impact__buffer_text(&to),
                             impact_text_from(expected, sizeof expected - 1)));
    impact__buffer_close(&to);
}

static void look_at_nothing(impact__buffer *to, uint16_t method)
{
    (void)to;
    (void)method;
}

TEST(frames_need_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer to = IMPACT__BUFFER(&f.allocator);
        write_all(&to, look_at_nothing);
        CHECK(to.has_failed == f.injected);
        impact__buffer_close(&to);
    }
}
