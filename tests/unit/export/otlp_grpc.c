/* gRPC: the head of a message, the status behind it, and which codes may go better. */
#include "export/otlp/grpc.h"

#include <string.h>

#include "base/json.h"
#include "support/check.h"
#include "support/message.h"

TEST(a_head_is_a_flag_and_a_size)
{
    char head[OTLP__GRPC_HEAD_SIZE];
    otlp__grpc_write_head(head, false, 0x01020304);
    CHECK(memcmp(head, "\0\1\2\3\4", 5) == 0);
    otlp__grpc_write_head(head, true, 255);
    CHECK(memcmp(head, "\1\0\0\0\xFF", 5) == 0);
}

TEST(one_whole_message_is_read)
{
    impact_text inside;
    bool is_compressed = true;
    REQUIRE(otlp__grpc_message(&inside, &is_compressed, impact_text_from("\0\0\0\0\2ab", 7)));
    CHECK(inside.size == 2 && memcmp(inside.data, "ab", 2) == 0 && !is_compressed);
    REQUIRE(otlp__grpc_message(&inside, &is_compressed, impact_text_from("\1\0\0\0\0", 5)));
    CHECK(inside.size == 0 && is_compressed);
}

TEST(what_is_not_one_whole_message_is_refused)
{
    static const impact_text bad[] = {
        {"", 0},           {"\0\0\0\0", 4},           {"\0\0\0\0\2a", 6}, {"\0\0\0\0\1ab", 7},
        {"\2\0\0\0\0", 5}, {"\0\xFF\xFF\xFF\xFF", 5},
    };
    impact_text inside = {"x", 1};
    bool is_compressed = true;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!otlp__grpc_message(&inside, &is_compressed, bad[i]));
    CHECK(inside.size == 1 && is_compressed);
}

static void take(otlp__grpc_status *status, const char *name, const char *value)
{
    otlp__grpc_take(status, impact_text_of(name), impact_text_of(value));
}

TEST(trailers_are_read_in_any_case)
{
    otlp__grpc_status status = {.code = 0};
    take(&status, "content-type", "application/grpc");
    CHECK(!status.is_there);
    take(&status, "Grpc-Status", "14");
    take(&status, "grpc-message", "try%20later%0Aplease");
    CHECK(status.is_there && status.code == 14);
    CHECK_STRING(status.message.text, "try later please");
}

TEST(a_message_that_cannot_be_decoded_is_shown_as_it_is)
{
    otlp__grpc_status status = {.code = 0};
    take(&status, "grpc-message", "100% full");
    CHECK_STRING(status.message.text, "100% full");
}

TEST(a_code_that_is_no_number_is_unknown)
{
    static const char *const bad[] = {"", "x", "-1", "1.0", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        otlp__grpc_status status = {.code = 0};
        take(&status, "grpc-status", bad[i]);
        CHECK(status.is_there);
        CHECK_EQUAL(status.code, 2);
    }
}

/* google.rpc.Status with one detail, in Base64. */
static otlp__grpc_status with_detail(const char *type, const message *value)
{
    message any = {.size = 0};
    message details = {.size = 0};
    impact__buffer text = IMPACT__BUFFER(NULL);
    otlp__grpc_status status = {.code = 0};
    message_string(&any, 1, type);
    message_nested(&any, 2, value);
    message_varint(&details, 1, 8);
    message_nested(&details, 3, &any);
    impact__json_base64(&text, message_text(&details));
    otlp__grpc_take(&status, impact_text_of("grpc-status-details-bin"),
                    impact_text_from(text.data + 1, text.size - 2));
    impact__buffer_close(&text);
    return status;
}

static message retry_after(uint64_t seconds, uint64_t nanos)
{
    message duration = {.size = 0};
    message info = {.size = 0};
    message_varint(&duration, 1, seconds);
    message_varint(&duration, 2, nanos);
    message_nested(&info, 1, &duration);
    return info;
}

static const char retry_info[] = "type.googleapis.com/google.rpc.RetryInfo";

TEST(retry_info_says_when_to_come_again)
{
    message info = retry_after(2, 500000001);
    otlp__grpc_status status = with_detail(retry_info, &info);
    CHECK(status.asks_to_wait);
    CHECK_EQUAL(status.wait_ms, 2501);
    info = (message){.size = 0};
    status = with_detail(retry_info, &info);
    CHECK(status.asks_to_wait);
    CHECK_EQUAL(status.wait_ms, 0);
}

TEST(a_delay_that_cannot_be_is_none_and_a_long_one_is_a_year)
{
    message info = retry_after((uint64_t)-1, 0);
    CHECK_EQUAL(with_detail(retry_info, &info).wait_ms, 0);
    info = retry_after(1, 1000000000);
    CHECK_EQUAL(with_detail(retry_info, &info).wait_ms, 0);
    info = retry_after(INT64_MAX, 0);
    CHECK_EQUAL(with_detail(retry_info, &info).wait_ms, UINT64_C(366) * 86400 * 1000);
}

TEST(other_details_ask_for_nothing)
{
    const message info = retry_after(2, 0);
    CHECK(!with_detail("type.googleapis.com/google.rpc.DebugInfo", &info).asks_to_wait);
    CHECK(!with_detail("google.rpc.RetryInfo", &info).asks_to_wait);
    otlp__grpc_status status = {.code = 0};
    take(&status, "grpc-status-details-bin", "not base64");
    take(&status, "grpc-status-details-bin", "/////w");
    CHECK(!status.asks_to_wait && !status.is_there);
}

/* OTLP 1.x, "Failures": the table of gRPC. */
TEST(seven_codes_may_go_better_and_one_of_them_only_when_told)
{
    static const bool may[] = {
        [1] = true, [4] = true, [10] = true, [11] = true, [14] = true, [15] = true, [16] = false};
    for (uint32_t code = 0; code < sizeof may / sizeof *may; code++)
        CHECK_EQUAL(otlp__grpc_may_retry(&(otlp__grpc_status){.code = code}), may[code]);
    CHECK(otlp__grpc_may_retry(&(otlp__grpc_status){.code = 8, .asks_to_wait = true}));
    CHECK(!otlp__grpc_may_retry(&(otlp__grpc_status){.code = 4711}));
}

TEST(codes_have_names)
{
    CHECK_STRING(otlp__grpc_code_name(0), "OK");
    CHECK_STRING(otlp__grpc_code_name(14), "UNAVAILABLE");
    CHECK_STRING(otlp__grpc_code_name(16), "UNAUTHENTICATED");
    CHECK_STRING(otlp__grpc_code_name(17), "?");
}

static bool is_too_large(uint32_t code, const char *said)
{
    otlp__grpc_status status = {.code = code};
    take(&status, "grpc-message", said);
    return otlp__grpc_is_too_large(&status);
}

TEST(a_request_that_is_too_large_is_known_by_what_servers_say)
{
    CHECK(is_too_large(8, "grpc: received message larger than max (5 vs. 4)"));
    CHECK(is_too_large(8, "CLIENT: Received message larger than max (5 vs. 4)"));
    CHECK(is_too_large(8, "gRPC message exceeds maximum size 4194304: 5000000"));
    CHECK(is_too_large(11, "Error, message length too large: found 5 bytes"));
    CHECK(!is_too_large(8, "quota"));
    CHECK(!is_too_large(3, "larger than max"));
}
