/* HTTP/2: told by a client's first bytes. What is spoken then is tested with a client of gRPC. */
#include "serve/http2_exchange.h"

#include "support/check.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

TEST(a_client_says_with_its_first_bytes_that_it_speaks_http2)
{
    char bytes[64];
    const size_t size = sizeof preface - 1;
    CHECK_EQUAL(impact__http2_preface_of(impact_text_from(NULL, 0)), IMPACT__PREFACE_NONE);
    for (size_t i = 1; i < size; i++)
        CHECK_EQUAL(impact__http2_preface_of(impact_text_from(preface, i)), IMPACT__PREFACE_CUT);
    CHECK_EQUAL(impact__http2_preface_of(impact_text_of(preface)), IMPACT__PREFACE_WHOLE);
    for (size_t i = 0; i < size; i++) {
        memcpy(bytes, preface, sizeof preface);
        bytes[i] ^= 1;
        CHECK_EQUAL(impact__http2_preface_of(impact_text_of(bytes)), IMPACT__PREFACE_NONE);
    }
    (void)snprintf(bytes, sizeof bytes, "%sabc", preface);
    CHECK_EQUAL(impact__http2_preface_of(impact_text_of(bytes)), IMPACT__PREFACE_WHOLE);
    CHECK_EQUAL(impact__http2_preface_of(impact_text_of("PROPFIND / HTTP/1.1\r\n")),
                IMPACT__PREFACE_NONE);
    CHECK_EQUAL(impact__http2_preface_of(impact_text_of("GET / HTTP/1.1\r\n")),
                IMPACT__PREFACE_NONE);
}

TEST(what_is_null_is_closed)
{
    impact__http2_exchange_close(NULL);
}
