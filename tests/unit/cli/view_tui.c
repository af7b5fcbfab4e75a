/* What the terminal shows: keys in, a canvas out, and no terminal. */
#include "tui_state.h"

#include <stdlib.h>

#include "base/text.h"
#include "export/tree/columns.h"
#include "ingest.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { ms = 1000 * 1000, line_size = 4096 };

static view_store store;
static view_tui_state state;
static view_canvas canvas;

static const char hostile[] = "\x1b]0;owned\a\x1b[2J\x9b\xc2\x9b\r\n\t\xe2\x80\xae"
                              "\xe2\x81\xa6\xe2\x80\x8f\xff\xe6\x97\xa5\xe6\x9c\xac e\xcc\x81\x7f";

/* ---- what comes in ---- */

static void take(const message *span, const char *service)
{
    const message resource = message_resource(service);
    view_shared *r = view_store_share(&store, message_text(&resource), true);
    view_shared *scope = view_store_share(&store, impact_text_from(NULL, 0), false);
    if (r && scope)
        (void)view_store_add(&store, message_text(span), r, scope);
    view_store_release(&store, r);
    view_store_release(&store, scope);
}

static void add(message_span_facts facts)
{
    const message span = message_span(facts);
    take(&span, "shop");
}

/* A root, two children of it, and a child of the first; it took 12 ms, and the last has failed. */
static void add_trace(uint8_t number)
{
    add((message_span_facts){.trace = number,
                             .id = 1,
                             .name = "GET /buy",
                             .kind = 2,
                             .start_ns = ms,
                             .end_ns = 13 * ms});
    add((message_span_facts){.trace = number,
                             .id = 2,
                             .parent = 1,
                             .name = "charge",
                             .kind = 3,
                             .start_ns = 2 * ms,
                             .end_ns = 9 * ms});
    add((message_span_facts){.trace = number,
                             .id = 3,
                             .parent = 2,
                             .name = "SELECT",
                             .kind = 3,
                             .start_ns = 3 * ms,
                             .end_ns = 4 * ms});
    add((message_span_facts){.trace = number,
                             .id = 4,
                             .parent = 1,
                             .name = "mail",
                             .kind = 4,
                             .start_ns = 10 * ms,
                             .end_ns = 12 * ms,
                             .status = 2});
}

/* All that a span can say, in text that means harm. */
static void add_hostile(uint8_t number)
{
    message span = message_span((message_span_facts){.trace = number,
                                                     .id = 9,
                                                     .parent = 8,
                                                     .name = hostile,
                                                     .kind = 2,
                                                     .end_ns = 5,
                                                     .status = 2});
    message event = {.size = 0};
    message link = {.size = 0};
    const message value = message_string_value(hostile);
    const message map = message_map_of(&value);
    const uint8_t id[16] = {1};
    message_string_attribute(&span, 9, hostile, hostile);
    message_attribute(&span, 9, "map", &map);
    message_fixed64(&event, 1, 3);
    message_string(&event, 2, hostile);
    message_string_attribute(&event, 3, hostile, hostile);
    message_nested(&span, 11, &event);
    message_bytes(&link, 1, id, 16);
    message_bytes(&link, 2, id, 8);
    message_string_attribute(&link, 4, hostile, hostile);
    message_nested(&span, 13, &link);
    take(&span, hostile);
}

static void open_all(size_t span_limit, const impact_allocator *allocator)
{
    const view_store_options options = {.span_limit = span_limit, .allocator = allocator};
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
    view_tui_state_open(&state, &store);
    canvas = VIEW_CANVAS(allocator);
}

static void close_all(void)
{
    view_tui_state_close(&state);
    view_canvas_close(&canvas);
    view_store_close(&store);
}

/* ---- what is shown ---- */

static void press(const char *keys)
{
    for (; *keys; keys++) {
        uint32_t key = (uint8_t)*keys;
        if (key == '\n')
            key = view_key_enter;
        view_tui_key(&state, key == '\t' ? view_key_tab : key);
    }
}

static void draw(void)
{
    (void)view_tui_update(&state);
    view_tui_draw(&canvas, &state);
}

/* A row as a terminal has it: later pieces stand on earlier ones, a character in each cell. */
static const char *row_text(unsigned row)
{
    static char line[line_size];
    static char cells[256][8];
    memset(cells, 0, sizeof cells);
    for (unsigned i = 0; i < canvas.width; i++)
        cells[i][0] = ' ';
    for (size_t i = 0; i < view_canvas_piece_count(&canvas); i++) {
        impact_text text;
        const view_piece piece = view_canvas_piece(&canvas, i, &text);
        if (piece.cells.row != row)
            continue;
        for (unsigned at = piece.cells.column; text.size;) {
            const size_t size = impact__utf8_sequence(text);
            const size_t width = impact__columns_of(impact_text_from(text.data, size));
            memset(cells[at], 0, sizeof *cells);
            memcpy(cells[at], text.data, size);
            if (width == 2)
                cells[at + 1][0] = 0;
            at += (unsigned)width;
            text = impact_text_from(text.data + size, text.size - size);
        }
    }
    line[0] = 0;
    for (unsigned i = 0, at = 0; i < canvas.width; i++)
        at += (unsigned)snprintf(line + at, sizeof line - at, "%s", cells[i]);
    return line;
}

static bool shows(unsigned row, const char *text)
{
    return strstr(row_text(row), text) != NULL;
}

static bool shows_anywhere(const char *text)
{
    for (unsigned row = 0; row < canvas.height; row++)
        if (shows(row, text))
            return true;
    return false;
}

/* Each piece lies on the canvas, has as many columns as it says, and nothing that a terminal
 * obeys. */
static void check_harmless(void)
{
    for (size_t i = 0; i < view_canvas_piece_count(&canvas); i++) {
        impact_text text;
        const view_piece piece = view_canvas_piece(&canvas, i, &text);
        CHECK(piece.cells.row < canvas.height);
        CHECK(piece.cells.width && piece.cells.width <= canvas.width - piece.cells.column);
        CHECK_EQUAL(impact__columns_of(text), piece.cells.width);
        CHECK_EQUAL(impact__utf8_valid_prefix(text), text.size);
        for (size_t at = 0; at < text.size; at++) {
            const uint8_t byte = (uint8_t)text.data[at];
            CHECK(byte >= ' ' && byte != 0x7f);
            CHECK(byte != 0xc2 || (uint8_t)text.data[at + 1] >= 0xa0);
            CHECK(!canvas.is_ascii || byte < 0x80);
        }
        for (size_t at = 0; at + 2 < text.size; at++)
            CHECK(memcmp(text.data + at, "\xe2\x80\xae", 3) != 0 &&
                  memcmp(text.data + at, "\xe2\x81\xa6", 3) != 0);
    }
}

TEST(traces_are_listed_newest_first_with_what_they_are)
{
    open_all(0, NULL);
    draw();
    CHECK(shows(3, "no traces yet"));
    add_trace(1);
    add((message_span_facts){.trace = 2, .id = 1, .name = "newer", .end_ns = 5 * ms});
    draw();
    CHECK(shows(0, "2 traces, 5 spans"));
    CHECK(shows(2, "newer") && shows(2, "5.00 ms") && shows(2, "shop"));
    CHECK(shows(3, "GET /buy") && shows(3, "12.00 ms") && shows(3, "      4       1"));
    close_all();
}

TEST(the_cursor_stays_on_its_trace_and_on_the_first_line_follows_the_newest)
{
    open_all(0, NULL);
    for (uint8_t i = 1; i <= 3; i++)
        add_trace(i);
    draw();
    add_trace(4);
    draw();
    CHECK_EQUAL(state.list.at, 0);
    press("j");
    const uint64_t number = view_trace_rows_at(&state.rows, state.list.at).number;
    add_trace(5);
    draw();
    CHECK_EQUAL(state.list.at, 2);
    CHECK_EQUAL(view_trace_rows_at(&state.rows, state.list.at).number, number);
    press("Gg");
    CHECK_EQUAL(state.list.at, 0);
    close_all();
}

TEST(a_search_narrows_the_list_and_escape_ends_it)
{
    open_all(0, NULL);
    add_trace(1);
    add((message_span_facts){.trace = 2, .id = 1, .name = "other", .end_ns = 5 * ms});
    draw();
    press("/oth");
    draw();
    CHECK(shows(23, "/oth"));
    press("erx\n");
    view_tui_key(&state, view_key_escape);
    press("/othe?");
    view_tui_key(&state, view_key_backspace);
    press("r\n");
    draw();
    CHECK(shows(0, "1 traces, 5 spans  /other") && shows(2, "other") && !shows(3, "GET"));
    press("/nowhere\n");
    draw();
    CHECK(shows(3, "no trace has all that"));
    view_tui_key(&state, view_key_escape);
    draw();
    CHECK(shows(0, "2 traces"));
    press("e");
    draw();
    CHECK(shows(0, "1 traces, 5 spans  with errors") && shows(2, "GET /buy"));
    close_all();
}

TEST(what_is_typed_is_utf_8_and_erased_by_characters)
{
    static const uint32_t typed[] = {'a', 0xe9, 0x65e5, 0x1f600};
    open_all(0, NULL);
    press("/");
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        view_tui_key(&state, typed[i]);
    CHECK_EQUAL(state.prompt.size, 10);
    CHECK(memcmp(state.prompt.text, "aé日😀", 10) == 0);
    for (size_t left = 4; left-- > 0;) {
        static const size_t sizes[] = {0, 1, 3, 6};
        view_tui_key(&state, view_key_backspace);
        CHECK_EQUAL(state.prompt.size, sizes[left]);
    }
    for (size_t i = 0; i < 2 * (size_t)view_typed_limit; i++)
        press("x");
    press("\n");
    CHECK_EQUAL(state.searched_size, view_typed_limit);
    press("/1 2 3 4 5 6 7 8 9 a b c d e f g h\n");
    draw();
    CHECK(shows(23, "too much"));
    close_all();
}

TEST(a_trace_is_a_waterfall_with_what_its_selected_span_says)
{
    open_all(0, NULL);
    add_trace(1);
    draw();
    press("\n");
    draw();
    CHECK(shows(0, "GET /buy") && shows(0, "12.00 ms, 4 spans, 1 error"));
    CHECK(shows(1, "▾ GET /buy") && shows(1, "████"));
    CHECK(shows(2, "  ▾ charge") && shows(3, "      SELECT") && shows(4, "✗     mail"));
    CHECK(shows_anywhere("span bb00000000000001"));
    press("jj");
    draw();
    CHECK(shows_anywhere("span bb00000000000003, parent bb00000000000002"));
    press("q");
    draw();
    CHECK(shows(0, "1 traces"));
    close_all();
}

TEST(parts_of_a_trace_fold_and_errors_are_found)
{
    open_all(0, NULL);
    add_trace(1);
    draw();
    press("\njh");
    draw();
    CHECK(shows(2, "▸ charge") && shows(3, "mail"));
    press("hh");
    draw();
    CHECK(shows(1, "▸ GET /buy") && !shows(2, "charge"));
    press("e");
    draw();
    CHECK(shows(23, "no span that is shown"));
    press("l");
    draw();
    CHECK(shows(2, "▸ charge") && shows(3, "mail"));
    press("e");
    CHECK_EQUAL(state.node, 3);
    close_all();
}

TEST(spans_of_a_trace_are_searched_from_one_to_the_next_and_back)
{
    open_all(0, NULL);
    add_trace(1);
    draw();
    press("\nn");
    draw();
    CHECK(shows(23, "/ searches first"));
    press("/A");
    draw();
    CHECK(shows(23, "/A"));
    press("\n");
    CHECK_EQUAL(state.node, 1); /* charge */
    press("n");
    CHECK_EQUAL(state.node, 3); /* mail */
    press("n");
    CHECK_EQUAL(state.node, 1);
    press("NN");
    CHECK_EQUAL(state.node, 1);
    press("/service.name=shop select\n");
    CHECK_EQUAL(state.node, 2);
    press("/nowhere\n");
    draw();
    CHECK(shows(23, "no span that is shown has all that"));
    CHECK_EQUAL(state.node, 2);
    press("/1 2 3 4 5 6 7 8 9 a b c d e f g h\n");
    draw();
    CHECK(shows(23, "too much"));
    press("/shop\n/\n"); /* nothing is what was searched last */
    CHECK_EQUAL(state.node, 0);
    press("q");
    draw();
    CHECK(shows(0, "1 traces")); /* of the list nothing was searched */
    close_all();
}

TEST(a_trace_that_grows_is_shown_as_it_grows_and_stays_when_the_store_has_it_no_more)
{
    open_all(6, NULL);
    add_trace(1);
    draw();
    press("\njjj");
    add((message_span_facts){
        .trace = 1, .id = 5, .parent = 1, .name = "late", .start_ns = 5 * ms, .end_ns = 30 * ms});
    draw();
    CHECK(shows(0, "29.00 ms, 5 spans"));
    CHECK_EQUAL(state.node, 3);
    CHECK(shows(4, "late") && shows(5, "mail"));
    add_trace(2);
    draw();
    CHECK(shows(0, "no longer kept") && shows(5, "mail"));
    press("q");
    draw();
    CHECK(shows(0, "1 traces, 4 spans"));
    close_all();
}

TEST(traces_that_leave_and_change_are_told_from_those_that_stay)
{
    open_all(40, NULL);
    for (unsigned round = 0; round < 500; round++) {
        add((message_span_facts){.trace = (uint8_t)(1 + rand() % 30),
                                 .id = (uint8_t)(1 + rand() % 200),
                                 .name = rand() % 2 ? "even" : "odd"});
        if (rand() % 3 == 0)
            draw();
        if (rand() % 50 == 0)
            press(rand() % 2 ? "/odd\n" : "/\n");
        if (rand() % 3)
            continue;
        draw();
        size_t count = 0;
        for (const view_trace *t = store.last; t; t = t->earlier)
            if (view_search_matches(&state.rows.search, t))
                CHECK(view_trace_rows_at(&state.rows, count++).trace == t);
        CHECK_EQUAL(view_trace_rows_count(&state.rows), count);
    }
    close_all();
}

/* Traces that took so long, whose number is how many there are of each. */
static void add_durations(uint64_t took_ns, unsigned count)
{
    static uint8_t number;
    for (unsigned i = 0; i < count; i++)
        add((message_span_facts){
            .trace = ++number, .id = 1, .name = "a", .start_ns = ms, .end_ns = ms + took_ns});
}

TEST(durations_are_counted_in_ranges_with_quantiles)
{
    open_all(0, NULL);
    press("d");
    draw();
    CHECK(shows(2, "nothing yet"));
    press("q");
    add_durations(1000 * 1000, 60); /* the range's first */
    add_durations(1999 * 1000, 20);
    add_durations(7 * ms, 19);
    add_durations(UINT64_C(3600) * 1000 * ms, 1);
    draw();
    press("d");
    draw();
    CHECK(shows(0, "durations") &&
          shows(2, "1.00 ms  ████████████████████████████████████████ 80"));
    CHECK(shows(3, "2.00 ms  0") && shows(4, "5.00 ms  ██████████ 19") && shows(5, "10.00 ms  0"));
    press("G");
    draw();
    CHECK(shows(17, "█ 1") && shows(19, "1.00 ms  median") && shows(20, "7.00 ms  p95"));
    CHECK(shows(22, "  longest") && shows(21, "  p99"));
    press("q/nothing\nd");
    draw();
    CHECK(shows(2, "nothing yet"));
    close_all();
}

TEST(durations_of_any_length_are_counted)
{
    const uint64_t durations[] = {0, 1, 2, 9, 10, 20, UINT64_MAX / 10, UINT64_MAX - ms};
    open_all(0, NULL);
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        add_durations(durations[i], 1);
    draw();
    press("d");
    draw();
    size_t count = 0;
    for (size_t i = 0; i < state.sheet.line_count; i++) {
        const impact_text line = view_sheet_line(&state.sheet, i);
        count += line.size > 3 && memcmp(line.data + line.size - 2, " 1", 2) == 0;
    }
    CHECK_EQUAL(count, sizeof durations / sizeof *durations);
    CHECK(!view_sheet_line(&state.sheet, state.sheet.line_count).size);
    close_all();
}

TEST(services_are_shown_with_what_they_call)
{
    open_all(0, NULL);
    press("m");
    draw();
    CHECK(shows(2, "nothing yet"));
    press("m"); /* it is asked again */
    add_trace(1);
    const message called = message_span((message_span_facts){.trace = 1,
                                                             .id = 7,
                                                             .parent = 2,
                                                             .kind = 2,
                                                             .name = "POST",
                                                             .end_ns = 3 * ms,
                                                             .status = 2});
    take(&called, "payments");
    draw();
    press("m");
    draw();
    CHECK(shows(2, "shop ") && shows(2, "           4           1"));
    CHECK(shows(3, "  → payments ") && shows(3, "           1           1     3.00 ms"));
    CHECK(shows(4, "payments ") && shows(4, "           1           1"));
    press("dq");
    draw();
    CHECK(shows(0, "1 traces"));
    close_all();
}

TEST(whatever_spans_say_and_however_large_the_screen_is_nothing_reaches_a_terminal)
{
    static const char *const places[] = {"", "?", " /\xff", "\n\n", "\n\t\tG", "q", "m", "d"};
    for (unsigned width = 1; width <= 200; width += width < 90 ? 1 : 37) {
        open_all(0, NULL);
        add_hostile(1);
        add_trace(2);
        add_hostile(3);
        canvas.is_ascii = width % 2;
        for (unsigned height = 1; height < 40; height += 3) {
            view_tui_resize(&state, height, width);
            for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                draw();
                press(places[i]);
                draw();
                check_harmless();
                view_tui_key(&state, view_key_escape);
            }
        }
        close_all();
    }
}

TEST(a_terminal_without_utf_8_gets_ascii_in_the_same_columns)
{
    open_all(0, NULL);
    canvas.is_ascii = true;
    add_hostile(1);
    add_trace(2);
    draw();
    CHECK(shows(3, "?]0;owned??[2J???? ????"));
    press("\n");
    draw();
    CHECK(shows(1, "v GET /buy") && shows(1, "#####") && shows(4, "!     mail"));
    close_all();
}

TEST(text_with_many_lines_is_wrapped_and_bounded)
{
    static char text[7000];
    memset(text, '\n', sizeof text - 1);
    open_all(0, NULL);
    message span = message_span((message_span_facts){.trace = 1, .id = 1, .name = "long"});
    message_string_attribute(&span, 9, "stack", text);
    take(&span, "shop");
    draw();
    press("\n\tG");
    draw();
    CHECK_EQUAL(state.pane.line_count, view_pane_line_limit);
    CHECK(shows(22, "… and more"));
    close_all();
}

TEST(a_key_more_or_less_than_there_is_to_move_in_moves_to_the_end)
{
    static const uint32_t keys[] = {
        view_key_page_down, view_key_page_up, view_key_end,  view_key_home,  'd' & 0x1f, 'u' & 0x1f,
        view_key_up,        view_key_down,    view_key_left, view_key_right, ' ',        'b'};
    open_all(0, NULL);
    for (unsigned count = 0; count < 60; count += 7) {
        for (size_t i = 0; i < 300; i++) {
            view_tui_key(&state, keys[(unsigned)rand() % (sizeof keys / sizeof *keys)]);
            draw();
            CHECK(state.list.at - state.list.top < view_tui_list_height(&state));
        }
        for (unsigned i = 0; i < 7; i++)
            add_trace((uint8_t)(count + i + 1));
    }
    close_all();
}

/* Whatever fails, what is drawn is harmless, and it goes on with the next change. */
TEST(without_memory_less_is_shown_and_nothing_is_lost)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const view_store_options options = {.span_limit = 64, .allocator = &f.allocator};
        if (view_store_open(&store, &options)) {
            view_store_close(&store);
            continue;
        }
        view_tui_state_open(&state, &store);
        canvas = VIEW_CANVAS(&f.allocator);
        add_trace(1);
        draw();
        press("\njjhhl");
        draw();
        add_hostile(1);
        draw();
        press("qmd");
        draw();
        check_harmless();
        CHECK(f.injected || shows_anywhere("median"));
        press("q/buy\n\n\t");
        draw();
        check_harmless();
        CHECK(f.injected || shows(0, "GET /buy"));
        CHECK(f.injected || !view_canvas_has_failed(&canvas));
        close_all();
    }
}
