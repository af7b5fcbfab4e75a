/* Base64: the vectors of RFC 4648, what is none, and the round trip with what writes it. */
#include "base/base64.h"

#include <string.h>

#include "base/json.h"

#include "support/check.h"

static char decoded[512];

/* NULL: it is none. */
static const char *decode(const char *text)
{
    size_t size = 0;
    if (!impact__base64_decode(decoded, &size, impact_text_of(text)))
        return NULL;
    decoded[size] = 0;
    return decoded;
}

TEST(the_vectors_of_the_rfc_are_decoded)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        CHECK_STRING(decode(pairs[i][0]), pairs[i][1]);
}

/* As gRPC's binary headers are sent. */
TEST(padding_may_be_left_out)
{
    CHECK_STRING(decode("Zg"), "f");
    CHECK_STRING(decode("Zm8"), "fo");
    CHECK_STRING(decode("Zm9vYmE"), "fooba");
}

TEST(what_is_none_is_refused)
{
    static const char *const bad[] = {"Z",     "Zm9vY", "Zg=",  "=",    "====",  "Zg==Zg==",
                                      "Zm9v=", "Zm-v",  "Zm_v", "Zm v", "Zg===", "\xFFm9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!decode(bad[i]));
}

TEST(what_was_written_is_read_back)
{
    char bytes[256];
    for (size_t size = 0; size < sizeof bytes; size++) {
        impact__buffer text = IMPACT__BUFFER(NULL);
        size_t read = 0;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)(i * 7 + size);
        impact__json_base64(&text, impact_text_from(bytes, size));
        CHECK(
            impact__base64_decode(decoded, &read, impact_text_from(text.data + 1, text.size - 2)));
        CHECK(read == size && memcmp(decoded, bytes, size) == 0);
        impact__buffer_close(&text);
    }
}

TEST(it_may_be_decoded_in_its_place)
{
    char text[] = "Zm9vYmFy";
    size_t size = 0;
    REQUIRE(impact__base64_decode(text, &size, impact_text_from(text, sizeof text - 1)));
    CHECK(size == 6 && memcmp(text, "foobar", 6) == 0);
}
