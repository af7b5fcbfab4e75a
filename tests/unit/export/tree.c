/* The waterfall: who hangs on whom, what is marked, and that no line is wider than a terminal. */
#include <impact/exporter.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "export/tree/columns.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { ms = 1000 * 1000, output_size = 64 * 1024 };

/* ---- what is drawn ---- */

static char output[output_size];

/* A file that has no name. */
static int open_output(void)
{
    char name[] = "/tmp/impact-tree-XXXXXX";
    const int descriptor = mkstemp(name);
    (void)unlink(name);
    return descriptor;
}

static const char *read_output(int descriptor)
{
    (void)lseek(descriptor, 0, SEEK_SET);
    const ssize_t size = read(descriptor, output, sizeof output - 1);
    output[size > 0 ? size : 0] = 0;
    return output;
}

/* A TracesData of one process. */
static message traces_data(const char *service, const message_span_facts *facts, size_t count)
{
    message scope_spans = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        const message span = message_span(facts[i]);
        message_nested(&scope_spans, 2, &span);
    }
    const message resource = message_resource(service);
    message resource_spans = {.size = 0};
    message_nested(&resource_spans, 1, &resource);
    message_nested(&resource_spans, 2, &scope_spans);
    message data = {.size = 0};
    message_nested(&data, 1, &resource_spans);
    return data;
}

static const char *draw(const message *data, size_t count)
{
    impact_text texts[4];
    for (size_t i = 0; i < count; i++)
        texts[i] = message_text(&data[i]);
    const int descriptor = open_output();
    CHECK_EQUAL(impact_tree_print(descriptor, texts, count, NULL), IMPACT_OK);
    (void)read_output(descriptor);
    (void)close(descriptor);
    return output;
}

TEST(two_processes_make_one_tree)
{
    static const message_span_facts shop[] = {
        {.trace = 1,
         .id = 2,
         .parent = 1,
         .name = "GET",
         .kind = 3,
         .start_ns = 2 * ms,
         .end_ns = 9 * ms},
        {.trace = 1, .id = 1, .name = "GET /buy", .kind = 2, .start_ns = 1 * ms, .end_ns = 11 * ms},
    };
    static const message_span_facts orders[] = {
        {.trace = 1,
         .id = 4,
         .parent = 3,
         .name = "SELECT",
         .kind = 3,
         .start_ns = 5 * ms,
         .end_ns = 6 * ms,
         .status = 2},
        {.trace = 1,
         .id = 5,
         .parent = 3,
         .name = "INSERT",
         .kind = 3,
         .start_ns = 6 * ms,
         .end_ns = 7 * ms},
        {.trace = 1,
         .id = 3,
         .parent = 2,
         .name = "GET /orders",
         .kind = 2,
         .start_ns = 3 * ms,
         .end_ns = 8 * ms,
         .is_parent_remote = true},
    };
    const message data[] = {traces_data("shop", shop, 2), traces_data("orders", orders, 3)};
    CHECK_STRING(
        draw(data, 2),
        "trace aa000000000000000000000000000001  5 spans  10.00 ms\n"
        "  GET /buy                       server   shop          10.00 ms ███████████████\n"
        "  └─ GET                         client   shop           7.00 ms   ███████████\n"
        "     └─ GET /orders              server   orders         5.00 ms    ████████\n"
        "✗       ├─ SELECT                client   orders         1.00 ms       ██\n"
        "        └─ INSERT                client   orders         1.00 ms         ██\n"
        "\n");
}

TEST(a_span_without_its_parent_is_a_marked_root)
{
    static const message_span_facts facts[] = {
        {.trace = 1, .id = 7, .parent = 6, .name = "late", .kind = 1, .start_ns = 10, .end_ns = 20},
        {.trace = 1,
         .id = 8,
         .parent = 7,
         .name = "inner",
         .kind = 1,
         .start_ns = 12,
         .end_ns = 20},
    };
    const message data = traces_data("shop", facts, 2);
    draw(&data, 1);
    CHECK(check_contains(output, "\n  ⇡ late  "));
    CHECK(check_contains(output, "\n  └─ inner  "));
    CHECK(check_contains(output, "⇡ the parent of this span is elsewhere"));
}

TEST(traces_come_in_the_order_of_their_start)
{
    static const message_span_facts facts[] = {
        {.trace = 1, .id = 1, .name = "second", .kind = 1, .start_ns = 200, .end_ns = 300},
        {.trace = 9, .id = 2, .name = "first", .kind = 1, .start_ns = 100, .end_ns = 300},
    };
    const message data = traces_data("shop", facts, 2);
    draw(&data, 1);
    const char *first = strstr(output, "first");
    const char *second = strstr(output, "second");
    CHECK(first && second && first < second);
    CHECK(!check_contains(output, "elsewhere"));
}

TEST(parents_in_a_circle_are_drawn_once_each)
{
    static const message_span_facts facts[] = {
        {.trace = 1, .id = 1, .parent = 2, .name = "one", .kind = 1, .start_ns = 1, .end_ns = 2},
        {.trace = 1, .id = 2, .parent = 1, .name = "two", .kind = 1, .start_ns = 1, .end_ns = 2},
        {.trace = 1, .id = 3, .parent = 3, .name = "self", .kind = 1, .start_ns = 1, .end_ns = 2},
        {.trace = 1, .id = 4, .parent = 1, .name = "below", .kind = 1, .start_ns = 1, .end_ns = 2},
    };
    const message data = traces_data("shop", facts, 4);
    draw(&data, 1);
    static const char *const names[] = {"one ", "two ", "self ", "below "};
    for (size_t i = 0; i < 4; i++) {
        const char *once = strstr(output, names[i]);
        REQUIRE(once);
        CHECK(!strstr(once + 1, names[i]));
    }
}

static size_t columns_of_line(const char *line, size_t size)
{
    size_t columns = 0;
    for (size_t i = 0; i < size; i++)
        columns += ((unsigned char)line[i] & 0xC0) != 0x80;
    return columns;
}

TEST(no_line_is_wider_than_eighty_columns)
{
    message_span_facts facts[20];
    for (uint8_t i = 0; i < 20; i++)
        facts[i] = (message_span_facts){.trace = 1,
                                        .id = (uint8_t)(i + 1),
                                        .parent = i,
                                        .kind = 4,
                                        .start_ns = i,
                                        .end_ns = UINT64_MAX - i,
                                        .name = "ein sehr langer Name für eine kleine Größe"};
    const message data = traces_data("a-service-with-a-long-name", facts, 20);
    draw(&data, 1);
    size_t lines = 0;
    for (const char *line = output; *line; lines++) {
        const size_t size = strcspn(line, "\n");
        CHECK(columns_of_line(line, size) <= 80);
        CHECK_EQUAL(impact__utf8_valid_prefix(impact_text_from(line, size)), size);
        line += size + 1;
    }
    CHECK_EQUAL(lines, 1 + 20 + 1);
}

/* The first span makes the trace one nanosecond long; the other begins at the end of all time, and
 * ends before it began. */
TEST(a_time_outside_of_its_trace_is_drawn_at_the_edge)
{
    static const uint64_t starts[] = {UINT64_MAX, UINT64_MAX - 1, 16, UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const message_span_facts facts[] = {
            {.trace = 1, .id = 1, .name = "first", .start_ns = 1, .end_ns = 2},
            {.trace = 1, .id = 2, .name = "hostile", .start_ns = starts[i]},
        };
        const message data = traces_data("shop", facts, 2);
        const char *page = draw(&data, 1);
        CHECK(strstr(page, "1 ns ███████████████\n") != NULL);
        CHECK(strstr(page, "0 ns               █\n") != NULL); /* fourteen blanks, and one cell */
    }
}

TEST(a_name_cannot_command_the_terminal)
{
    static const message_span_facts facts[] = {
        {.trace = 1, .id = 1, .name = "a\x1b[2Jb\nc\x7f\xff\xc2\x9b", .kind = 1, .end_ns = 2},
    };
    const message data = traces_data("shop", facts, 1);
    draw(&data, 1);
    CHECK(check_contains(output, "\n  a?[2Jb?c??? "));
    CHECK(!strchr(output, '\x1b'));
}

TEST(wide_characters_take_two_columns)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__columns_append(&buffer, impact_text_of("日本語"), 8);
    impact__buffer_append_char(&buffer, '|');
    impact__columns_append(&buffer, impact_text_of("日本語"), 6);
    impact__buffer_append_char(&buffer, '|');
    impact__columns_append(&buffer, impact_text_of("日本語"), 5);
    impact__buffer_append_char(&buffer, '|');
    impact__columns_append(&buffer, impact_text_of("日本語"), 4);
    impact__buffer_append_char(&buffer, '|');
    impact__columns_append(&buffer, impact_text_of("e\xCC\x81"), 2);
    impact__buffer_append_char(&buffer, 0);
    CHECK_STRING(buffer.data, "日本語  |日本語|日本…|日… |e\xCC\x81 ");
    impact__buffer_close(&buffer);
}

/* ---- the exporter ---- */

/* A mark of Khmer that joins, a sign of Hebrew, an emoji of 2020, Hangul, a fullwidth letter. */
TEST(characters_are_as_wide_as_unicode_says)
{
    static const struct {
        const char *text;
        size_t width;
    } rows[] = {{"a", 1},    {"é", 1},          {"\u17D2", 0}, {"\u05D0\u05B0", 1},
                {"🪐", 2}, {"한", 2},         {"Ａ", 2},     {"\u00AD", 1},
                {"─", 1},    {"\u200D", 0},     {"\u2028", 1}, {"\u200F", 1},
                {"\t", 1},   {"\U0001F1E6", 2}, {"𠀀", 2},     {"\U000E0100", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (impact__columns_of(impact_text_of(rows[i].text)) != rows[i].width)
            check_failed(__FILE__, __LINE__, "%s", rows[i].text);
    CHECK_EQUAL(impact__columns_prefix(impact_text_of("日本語"), 5), 6);
    CHECK_EQUAL(impact__columns_prefix(impact_text_of("e\xCC\x81x"), 1), 3);
}

TEST(a_batch_is_drawn_without_colour_where_no_terminal_is)
{
    message_example e;
    message_example_fill(&e);
    impact_exporter *exporter = NULL;
    const int descriptor = open_output();
    REQUIRE(impact_exporter_tree_open(&exporter, descriptor, NULL) == IMPACT_OK);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_OK);
    CHECK_EQUAL(rejected, 0);
    read_output(descriptor);
    CHECK(check_contains(output, "  work  ") && check_contains(output, " orders "));
    CHECK(!strchr(output, '\x1b'));
    (void)close(descriptor);
    impact_exporter_close(exporter);
}

/* What the exporter writes to a terminal. */
static void draw_on_terminal(void)
{
    message_example e;
    message_example_fill(&e);
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(slave >= 0);
    impact_exporter *exporter = NULL;
    REQUIRE(impact_exporter_tree_open(&exporter, slave, NULL) == IMPACT_OK);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_OK);
    const ssize_t size = read(master, output, sizeof output - 1);
    output[size > 0 ? size : 0] = 0;
    impact_exporter_close(exporter);
    (void)close(slave);
    (void)close(master);
}

TEST(a_terminal_gets_colour)
{
    (void)unsetenv("NO_COLOR");
    draw_on_terminal();
    CHECK(check_contains(output, "\x1b[1mtrace"));
}

TEST(no_color_is_obeyed)
{
    (void)setenv("NO_COLOR", "1", 1);
    draw_on_terminal();
    CHECK(check_contains(output, "trace aa"));
    CHECK(!strchr(output, '\x1b'));
}

TEST(an_unreadable_span_is_rejected_and_the_rest_drawn)
{
    message_example e;
    message_example_fill(&e);
    const impact_text spans[] = {impact_text_of("\x0a\x7f"), e.span};
    message_batch_open(&e.batch, &e.resource);
    message_batch_add(&e.batch, impact_text_from(NULL, 0), spans, 2);
    impact_exporter *exporter = NULL;
    const int descriptor = open_output();
    REQUIRE(impact_exporter_tree_open(&exporter, descriptor, NULL) == IMPACT_OK);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_OK);
    CHECK_EQUAL(rejected, 1);
    CHECK(check_contains(read_output(descriptor), "1 span "));
    (void)close(descriptor);
    impact_exporter_close(exporter);
}

TEST(drawing_survives_any_failed_allocation)
{
    static const message_span_facts facts[] = {
        {.trace = 1, .id = 1, .name = "one", .kind = 1, .start_ns = 1, .end_ns = 2},
        {.trace = 2, .id = 2, .name = "two", .kind = 1, .start_ns = 1, .end_ns = 2},
    };
    const message data = traces_data("shop", facts, 2);
    const impact_text text = message_text(&data);
    message_example e;
    message_example_fill(&e);
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const int descriptor = open_output();
        const impact_status printed = impact_tree_print(descriptor, &text, 1, &f.allocator);
        impact_exporter *exporter = NULL;
        const impact_status opened = impact_exporter_tree_open(&exporter, descriptor, &f.allocator);
        size_t rejected = 0;
        const impact_status drawn =
            exporter ? exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected)
                     : IMPACT_ENOMEM;
        CHECK_EQUAL(opened, exporter ? IMPACT_OK : IMPACT_ENOMEM);
        CHECK_EQUAL(printed == IMPACT_ENOMEM || drawn == IMPACT_ENOMEM, f.injected);
        CHECK_EQUAL(rejected, 0);
        impact_exporter_close(exporter);
        (void)close(descriptor);
    }
}

TEST(the_tree_accepts_null)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_exporter_tree_open(NULL, 1, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_tree_open(&exporter, -1, NULL), IMPACT_EINVAL);
    CHECK(!exporter);
    CHECK_EQUAL(impact_tree_print(1, NULL, 1, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_tree_print(-1, NULL, 0, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_tree_print(1, NULL, 0, NULL), IMPACT_OK);
}
