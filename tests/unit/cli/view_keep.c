/* The file that spans are kept in. */
#include "keep.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static view_store store;
static view_keep keep;
static char name[] = "/tmp/impact-view-keep-XXXXXX";

/* An empty file, and a store that begins with it. */
static void begin(size_t size_limit)
{
    const view_store_options options = {.span_limit = 100, .size_limit = size_limit};
    const int descriptor = mkstemp(name);
    CHECK(descriptor >= 0);
    (void)close(descriptor);
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
    CHECK(view_keep_open(&keep, &store, name));
}

/* The next run. */
static bool begin_again(void)
{
    const view_store_options options = {.span_limit = 100};
    view_keep_close(&keep);
    view_store_close(&store);
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
    return view_keep_open(&keep, &store, name);
}

static void finish(void)
{
    view_keep_close(&keep);
    view_store_close(&store);
    CHECK_EQUAL(unlink(name), 0);
}

static message request_of(uint8_t number)
{
    const message span = message_span((message_span_facts){.trace = number, .id = 1, .name = "a"});
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, &span);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    return request;
}

static void add(uint8_t number)
{
    const message request = request_of(number);
    view_ingested ingested;
    CHECK_EQUAL(view_ingest(&store, message_text(&request), &ingested), IMPACT_OK);
}

static size_t size_of_file(void)
{
    struct stat file = {.st_size = 0};
    CHECK_EQUAL(stat(name, &file), 0);
    return (size_t)file.st_size;
}

static void append_to_file(const void *data, size_t size)
{
    const int descriptor = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK(write(descriptor, data, size) == (ssize_t)size);
    (void)close(descriptor);
}

TEST(what_comes_is_there_in_the_next_run_and_in_the_one_after_it)
{
    begin(0);
    add(1);
    add(2);
    CHECK(begin_again());
    CHECK_EQUAL(store.span_count, 2);
    add(3);
    CHECK(begin_again());
    CHECK_EQUAL(store.span_count, 3);
    CHECK_EQUAL(store.repeated, 0);
    finish();
}

TEST(a_request_that_is_not_whole_is_cut_off)
{
    const message request = request_of(2);
    begin(0);
    add(1);
    view_keep_close(&keep);
    const size_t whole = size_of_file();
    for (size_t size = 1; size < request.size; size++) {
        append_to_file(request.data, size);
        CHECK(begin_again());
        CHECK_EQUAL(store.span_count, 1);
        CHECK_EQUAL(size_of_file(), whole);
    }
    add(3);
    CHECK(begin_again());
    CHECK_EQUAL(store.span_count, 2);
    finish();
}

TEST(a_file_of_another_kind_is_left_as_it_is)
{
    static const char text[] = "{\"resourceSpans\":[]}\n";
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    begin(0);
    view_keep_close(&keep);
    append_to_file(text, sizeof text);
    CHECK(dup2(null, STDERR_FILENO) >= 0);
    CHECK(!begin_again());
    CHECK_EQUAL(size_of_file(), sizeof text);
    CHECK(!view_keep_open(&keep, &store, "/tmp"));
    CHECK(!view_keep_open(&keep, &store, "/nothing/here"));
    (void)close(null);
    finish();
}

TEST(a_file_is_bounded)
{
    enum { limit = 4000 };
    begin(limit);
    for (int i = 0; i < 1000; i++) {
        add((uint8_t)(i % 200 + 1));
        CHECK(size_of_file() <= 2 * limit);
        CHECK_EQUAL(size_of_file(), keep.size);
    }
    const size_t kept = store.span_count;
    const impact_trace_id newest = store.last->id;
    CHECK(begin_again());
    CHECK(store.span_count >= kept);
    CHECK(view_store_find(&store, &newest) != NULL);
    finish();
}

TEST(a_disk_that_is_full_ends_the_keeping_and_leaves_what_is_whole)
{
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    begin(0);
    add(1);
    const size_t whole = size_of_file();
    const struct rlimit limit = {.rlim_cur = whole + 9, .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK(dup2(null, STDERR_FILENO) >= 0);
    CHECK_EQUAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(2);
    CHECK_EQUAL(setrlimit(RLIMIT_FSIZE, &none), 0);
    CHECK_EQUAL(keep.descriptor, -1);
    CHECK_EQUAL(store.span_count, 2);
    CHECK_EQUAL(size_of_file(), whole);
    (void)close(null);
    finish();
}

/* What the store has at the end is in the file, which is whole, and no larger than it says. */
static void check_kept(const impact_trace_id *ids, size_t count)
{
    const view_store_options options = {.span_limit = 1000};
    CHECK_EQUAL(size_of_file(), keep.size);
    view_keep_close(&keep);
    view_store_close(&store);
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
    CHECK(view_keep_open(&keep, &store, name));
    CHECK_EQUAL(size_of_file(), keep.size);
    for (size_t i = 0; i < count; i++)
        CHECK(view_store_find(&store, &ids[i]) != NULL);
}

/* Enough requests that the file is written anew, and a second run, each with its failures. */
TEST(without_memory_the_file_has_what_the_store_has)
{
    enum { limit = 300, most = 100 };
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const view_store_options options = {
            .span_limit = most, .size_limit = limit, .allocator = &f.allocator};
        impact_trace_id ids[most];
        size_t count = 0;
        (void)unlink(name);
        for (int run = 0; run < 2; run++) {
            if (!view_store_open(&store, &options)) {
                CHECK(view_keep_open(&keep, &store, name));
                for (uint8_t i = 1; i <= 12; i++)
                    add((uint8_t)(i + 12 * run));
                count = 0;
                for (const view_trace *t = store.first; t; t = t->later)
                    ids[count++] = t->id;
                check_kept(ids, count);
                view_keep_close(&keep);
            }
            view_store_close(&store);
        }
    }
    (void)unlink(name); /* without a store there was none */
}
