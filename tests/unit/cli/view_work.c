/* Requests that take longer than others may wait: a step at a time. */
#include "work.h"

#include <string.h>
#include <zlib.h>

#include "export/otlp_json.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { span_count = 20 };

static view_store store;
static view_work work;

typedef struct headers {
    const char *type;
    const char *encoding;
} headers;

static const headers protobuf = {.type = "application/x-protobuf"};
static const headers json = {.type = "application/json"};
static const headers packed_json = {.type = "application/json", .encoding = "gzip"};

static impact_text header(void *carrier, const char *name)
{
    const headers *h = carrier;
    return impact_text_of(strcmp(name, "Content-Type") == 0 ? h->type : h->encoding);
}

/* ---- requests ---- */

/* Of resources, scopes and spans: one in the other, and beside each other. */
static void append_example(impact__buffer *to, uint8_t trace)
{
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    for (uint8_t id = 1; id <= span_count / 4; id++) {
        const message span =
            message_span((message_span_facts){.trace = trace, .id = id, .name = "a"});
        message_nested(&scope_spans, 2, &span);
    }
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    message_nested(&request, 1, &resource_spans);
    impact__buffer_append(to, request.data, request.size);
}

static void pack(impact__buffer *to, impact_text body)
{
    z_stream stream = {.zalloc = Z_NULL};
    CHECK_EQUAL(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t bound = deflateBound(&stream, body.size);
    stream.next_in = (Bytef *)body.data;
    stream.avail_in = (uInt)body.size;
    stream.next_out = (Bytef *)impact__buffer_reserve(to, bound);
    stream.avail_out = (uInt)bound;
    CHECK_EQUAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    to->size += bound - stream.avail_out;
    CHECK_EQUAL(deflateEnd(&stream), Z_OK);
}

static void append_body(impact__buffer *to, uint8_t trace, const headers *h)
{
    impact__buffer binary = IMPACT__BUFFER(NULL);
    impact__buffer text = IMPACT__BUFFER(NULL);
    append_example(&binary, trace);
    if (h->type != protobuf.type)
        CHECK(impact__otlp_json_append(&text, impact__buffer_text(&binary)));
    const impact_text plain = impact__buffer_text(text.size ? &text : &binary);
    if (h->encoding)
        pack(to, plain);
    else
        impact__buffer_append_text(to, plain);
    impact__buffer_close(&binary);
    impact__buffer_close(&text);
}

/* ---- jobs ---- */

/* One, its body, and whether it was told that it is over. */
typedef struct task {
    view_job job;
    impact__buffer body;
    bool is_told;
} task;

static void tell(void *userdata)
{
    task *t = userdata;
    CHECK(!t->is_told);
    t->is_told = true;
}

/* True: it is over. */
static bool begin(task *t, impact_text body, const headers *h)
{
    const view_request request = {.header = header, .carrier = (void *)h, .body = body};
    t->job.done = tell;
    t->job.userdata = t;
    return view_work_begin(&work, &t->job, &store, &request);
}

static void begin_example(task *t, uint8_t trace, const headers *h)
{
    append_body(&t->body, trace, h);
    CHECK(!begin(t, impact__buffer_text(&t->body), h));
}

static void end(task *t)
{
    view_work_drop(&work, &t->job);
    impact__buffer_close(&t->body);
}

static size_t run_until_told(const task *t)
{
    size_t count = 0;
    while (!t->is_told) {
        view_work_run(&work);
        count++;
    }
    return count;
}

static void open_store(void)
{
    const view_store_options options = {.span_limit = 1000};
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
}

static void close_store(void)
{
    CHECK(!work.first);
    CHECK_EQUAL(store.received, store.span_count + store.evicted + store.repeated + store.refused);
    view_store_close(&store);
}

/* ---- the tests ---- */

TEST(a_request_is_received_a_step_at_a_time_whatever_its_form)
{
    const headers *const forms[] = {&protobuf, &json, &packed_json};
    open_store();
    for (uint8_t i = 0; i < 3; i++) {
        task t = {.body = IMPACT__BUFFER(NULL)};
        begin_example(&t, (uint8_t)(i + 1), forms[i]);
        CHECK(run_until_told(&t) > span_count);
        CHECK_EQUAL(t.job.reception.response.status, 200);
        CHECK_EQUAL(store.received, (i + 1u) * span_count);
        end(&t);
    }
    CHECK_EQUAL(store.trace_count, 3);
    close_store();
}

TEST(what_is_done_in_a_slice_is_over_at_once)
{
    task t = {.body = IMPACT__BUFFER(NULL)};
    open_store();
    append_body(&t.body, 1, &packed_json);
    work.slice_ns = UINT64_MAX / 8;
    CHECK(begin(&t, impact__buffer_text(&t.body), &packed_json));
    CHECK(!t.is_told && !work.first);
    CHECK_EQUAL(store.received, span_count);
    end(&t);
    close_store();
}

TEST(they_are_over_in_the_order_in_which_they_came)
{
    task first = {.body = IMPACT__BUFFER(NULL)};
    task second = {.body = IMPACT__BUFFER(NULL)};
    open_store();
    begin_example(&first, 1, &json);
    begin_example(&second, 2, &protobuf);
    CHECK(run_until_told(&first) > 0);
    CHECK(!second.is_told);
    CHECK(run_until_told(&second) > 0);
    view_work_run(&work); /* there is nothing left */
    CHECK_EQUAL(store.received, 2 * span_count);
    end(&first);
    end(&second);
    close_store();
}

TEST(one_that_is_dropped_is_never_told_and_leaves_nothing)
{
    const headers *const forms[] = {&protobuf, &json, &packed_json};
    for (size_t steps = 0; steps < 300; steps++) {
        task dropped = {.body = IMPACT__BUFFER(NULL)};
        task other = {.body = IMPACT__BUFFER(NULL)};
        open_store();
        begin_example(&dropped, 1, forms[steps % 3]);
        begin_example(&other, 2, &protobuf);
        for (size_t i = 0; i < steps && !dropped.is_told; i++)
            view_work_run(&work);
        const bool was_over = dropped.is_told;
        end(&dropped);
        CHECK(run_until_told(&other) > 0);
        CHECK_EQUAL(dropped.is_told, was_over);
        end(&other);
        close_store();
    }
}

TEST(what_is_no_request_is_refused_and_nothing_of_it_is_kept)
{
    task t = {.body = IMPACT__BUFFER(NULL)};
    open_store();
    append_body(&t.body, 1, &protobuf);
    impact__buffer_append_char(&t.body, 0x0A);
    CHECK(!begin(&t, impact__buffer_text(&t.body), &protobuf));
    CHECK(run_until_told(&t) > 0);
    CHECK_EQUAL(t.job.reception.response.status, 400);
    CHECK_EQUAL(store.received, 0);
    end(&t);
    close_store();
}

TEST(without_memory_it_is_over_all_the_same_and_nothing_leaks)
{
    faults f;
    impact__buffer body = IMPACT__BUFFER(NULL);
    append_body(&body, 1, &packed_json);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const view_store_options options = {.span_limit = 1000, .allocator = &f.allocator};
        if (!view_store_open(&store, &options)) {
            task t = {.is_told = false};
            t.is_told = begin(&t, impact__buffer_text(&body), &packed_json);
            if (!t.is_told)
                (void)run_until_told(&t);
            const view_response *response = &t.job.reception.response;
            CHECK(response->body.has_failed || response->status == 200);
            CHECK(atomic_load(&f.injected) || store.received == span_count);
            view_work_drop(&work, &t.job);
        }
        view_store_close(&store);
    }
    impact__buffer_close(&body);
}
