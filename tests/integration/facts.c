/* What a client's span tells of its request. */
#include "facts.h"

#include "support/check.h"

bool bench_open(bench *b, const char *target)
{
    echo_open(&b->server);
    client_open(&b->browser, b->server.port, target);
    return spans_open();
}

void bench_close(bench *b)
{
    client_close(&b->browser);
    spans_close();
    echo_close(&b->server);
}

void check_facts(const impact_span_view *span, facts should)
{
    CHECK(span != NULL);
    CHECK_STRING(spans_text(span, "http.request.method"), should.method);
    CHECK_STRING(spans_text(span, "url.full"), should.url);
    CHECK_STRING(spans_text(span, "http.response.status_code"), should.status);
    CHECK_STRING(spans_text(span, "http.request.resend_count"), should.resend_count);
    CHECK_STRING(spans_text(span, "error.type"), should.error);
    if (span)
        CHECK_EQUAL(span->status,
                    should.error ? IMPACT_SPAN_STATUS_ERROR : IMPACT_SPAN_STATUS_UNSET);
}
