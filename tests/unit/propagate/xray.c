/* AWS X-Ray's header: read, refused and written. */
#include "propagate/formats.h"
#include "support/carrier.h"
#include "support/check.h"

#define ROOT  "1-5759e988-bd862e3fe1be46a994272793"
#define TRACE "5759e988bd862e3fe1be46a994272793"

static const impact_propagator *const xray = &impact__propagator_xray;

static const char *read_header(const char *value)
{
    const impact_span_context found = carrier_read_one(xray, "x-amzn-trace-id", value);
    return carrier_shown(&found);
}

TEST(a_header_is_read_whatever_the_order_of_its_parts)
{
    CHECK_STRING(read_header("Root=" ROOT ";Parent=53995c3f42cd8ad8;Sampled=1"),
                 TRACE "-53995c3f42cd8ad8-01");
    CHECK_STRING(read_header("Sampled=0 ; Parent=53995c3f42cd8ad8; Root=" ROOT ";Lineage=a:1|b;"),
                 TRACE "-53995c3f42cd8ad8-00");
    CHECK_STRING(read_header("Root=" ROOT ";Parent=53995c3f42cd8ad8;Sampled=?"),
                 TRACE "-53995c3f42cd8ad8-00");
    CHECK_STRING(read_header("Root=" ROOT ";Parent=53995c3f42cd8ad8"),
                 TRACE "-53995c3f42cd8ad8-00");
}

TEST(what_is_no_header_is_refused)
{
    static const char *const refused[] = {
        "",
        "Root=" ROOT,
        "Parent=53995c3f42cd8ad8",
        "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988bd862e3fe1be46a9942727933;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988-bd862e3fe1be46a9942727930;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988-bd862e3fe1be46a99427279g;Parent=53995c3f42cd8ad8",
        "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
        "Root=" ROOT ";Parent=0000000000000000",
        "Root=" ROOT ";Parent=53995c3f42cd8ad",
        "Root=" ROOT ";Parent=53995c3f42cd8ad8;what",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_STRING(read_header(refused[i]), "none");
}

TEST(what_was_read_is_written)
{
    carrier c = {.count = 0};
    carrier sent = {.count = 0};
    carrier_add(&c, "X-Amzn-Trace-Id", "Root=" ROOT ";Parent=53995c3f42cd8ad8;Sampled=1");
    const impact_context *context = carrier_extract(xray, &c);
    carrier_inject(xray, &sent, context);
    CHECK_EQUAL(sent.count, 1);
    CHECK_STRING(sent.fields[0].name, "X-Amzn-Trace-Id");
    CHECK_STRING(sent.fields[0].value, "Root=" ROOT ";Parent=53995c3f42cd8ad8;Sampled=1");
    impact_context_release(context);
}

TEST(nothing_is_written_without_a_span)
{
    carrier sent = {.count = 0};
    carrier_inject(xray, &sent, impact_context_root());
    CHECK_EQUAL(sent.count, 0);
    xray->inject(xray, impact_context_root(), NULL, NULL);
    CHECK(xray->extract(xray, impact_context_root(), NULL, NULL) == impact_context_root());
}
