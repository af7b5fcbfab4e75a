/* What traces are searched for. */
#include "search.h"

#include "support/check.h"
#include "support/message.h"

static view_store store;
static view_search search;

/* A client's span with attributes and an event, in a trace with a root. */
static void fill_store(void)
{
    const view_store_options options = {.span_limit = 0};
    message span = message_span((message_span_facts){
        .trace = 1, .id = 2, .parent = 1, .name = "SELECT Orders", .kind = 3, .end_ns = 4000000});
    const message root = message_span((message_span_facts){
        .trace = 1, .id = 1, .name = "GET /cart", .kind = 2, .end_ns = 5000000, .status = 2});
    const message resource = message_resource("cart service");
    message number = {.size = 0};
    message event = {.size = 0};
    message_varint(&number, 3, 200);
    message_attribute(&span, 9, "http.status_code", &number);
    message_string_attribute(&span, 9, "db.statement", "SELECT 1 = 1");
    message_string(&event, 2, "retry");
    message_string_attribute(&event, 3, "exception.type", "Timeout");
    message_nested(&span, 11, &event);
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
    view_shared *r = view_store_share(&store, message_text(&resource), true);
    view_shared *scope = view_store_share(&store, impact_text_from(NULL, 0), false);
    CHECK_EQUAL(view_store_add(&store, message_text(&root), r, scope), view_kept_it);
    CHECK_EQUAL(view_store_add(&store, message_text(&span), r, scope), view_kept_it);
    view_store_release(&store, r);
    view_store_release(&store, scope);
}

static bool finds(const char *query)
{
    CHECK(view_search_parse(&search, impact_text_of(query)));
    return view_search_matches(&search, store.first);
}

TEST(a_trace_is_found_by_what_one_span_of_it_has)
{
    static const struct {
        const char *query;
        bool is_found;
    } rows[] = {
        {"", true},
        {"since=3&other=%zz", true},
        {"q=", true},
        {"q=select", true},
        {"q=select+orders", true},
        {"q=%22select+orders%22", true},
        {"q=%22orders+select%22", false},
        {"q=nothing", false},
        {"q=http.status_code=200", true},
        {"q=http.status_code%3D200+select", true},
        {"q=http.status_code=20", false},
        {"q=http.status_code=", false},
        {"q=db.statement=%22SELECT+1+=+1%22", true},
        {"q=timeout", true},
        {"q=exception.type=Timeout", true},
        {"q=retry", true},
        {"q=service.name=%22cart+service%22", true},
        {"service=cart+service", true},
        {"service=cart%20service&q=cart", true},
        {"service=cart", false},
        {"q=GET+http.status_code=200", false},
        {"errors=1", true},
        {"errors=0&q=select", true},
        {"errors=1&q=select", false},
        {"errors=1&q=get", true},
        {"least_ms=5", true},
        {"least_ms=6", false},
    };
    fill_store();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (finds(rows[i].query) != rows[i].is_found)
            check_failed(__FILE__, __LINE__, "%s", rows[i].query);
    view_store_close(&store);
}

TEST(what_is_no_search_is_refused)
{
    static char long_query[4 * view_search_text_limit] = "q=";
    memset(long_query + 2, 'a', sizeof long_query - 3);
    CHECK(!view_search_parse(&search, impact_text_of("q=%z")));
    CHECK(!view_search_parse(&search, impact_text_of("least_ms=soon")));
    CHECK(!view_search_parse(&search, impact_text_of("q=1+2+3+4+5+6+7+8+9+a+b+c+d+e+f+g+h")));
    CHECK(!view_search_parse(&search, impact_text_of(long_query)));
    CHECK(view_search_parse(&search, impact_text_of("q=1+2+3+4+5+6+7+8+9+a+b+c+d+e+f+%22")));
}
