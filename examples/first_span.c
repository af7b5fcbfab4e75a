/* first_span: two spans, one inside the other. */
#include <stdio.h>

#include <impact/span.h>
#include <impact/trace.h>

static void charge(void)
{
    IMPACT_SPAN(span, "charge"); /* ends with the block it stands in, however that is left */
    impact_span_set(span, impact_string("card.kind", "debit"));
}

static void checkout(void)
{
    IMPACT_SPAN(span, "checkout");
    impact_span_set(span, impact_int("cart.items", 3));
    charge(); /* its span becomes a child of this one */
}

int main(void)
{
    if (impact_trace_init(IMPACT_TRACE_OPTIONS(.service_name = "checkout")))
        return 1;
    checkout();
    /* Export what waits, for five seconds at most. */
    const impact_status status = impact_trace_shutdown(5000);
    if (status)
        fprintf(stderr, "%s\n", impact_status_text(status));
    return status ? 1 : 0;
}
