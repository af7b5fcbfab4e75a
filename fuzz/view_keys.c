/* Any keys, sizes and spans: what is drawn lies on the screen and is harmless to a terminal.
 *
 * A byte is a key, but: 0xF8 to 0xFF keys that are no characters, 0xF4 to 0xF7 another size, 0xF0
 * to 0xF3 a span.
 */
#include "base/text.h"
#include "must.h"
#include "support/message.h"
#include "tui_state.h"

static view_store store;
static view_tui_state state;
static view_canvas canvas;

static void add_span(uint8_t facts)
{
    const message span = message_span((message_span_facts){.trace = facts % 3,
                                                           .id = facts % 11,
                                                           .parent = facts % 7,
                                                           .name = "a\x1b[2J",
                                                           .kind = facts % 9,
                                                           .start_ns = facts,
                                                           .end_ns = 255 - facts,
                                                           .status = facts % 3});
    view_shared *shared = view_store_share(&store, impact_text_from(NULL, 0), true);
    view_shared *scope = view_store_share(&store, impact_text_from(NULL, 0), false);
    must(view_store_add(&store, message_text(&span), shared, scope) != view_kept_no_room);
    view_store_release(&store, shared);
    view_store_release(&store, scope);
}

static void check(void)
{
    (void)view_tui_update(&state); /* it is drawn anyway */
    view_tui_draw(&canvas, &state);
    must(!view_canvas_has_failed(&canvas));
    for (size_t i = 0; i < view_canvas_piece_count(&canvas); i++) {
        impact_text text;
        const view_piece piece = view_canvas_piece(&canvas, i, &text);
        must(piece.cells.row < canvas.height && piece.cells.column < canvas.width);
        must(impact__utf8_valid_prefix(text) == text.size);
        for (size_t at = 0; at < text.size; at++)
            must((uint8_t)text.data[at] >= ' ' && text.data[at] != 0x7F);
    }
}

/* Returns how many bytes it took. */
static size_t take(const uint8_t *data, size_t size)
{
    const uint8_t next = size > 1 ? data[1] : 0;
    if (data[0] >= 0xF8)
        view_tui_key(&state, view_key_up + (uint32_t)(data[0] - 0xF8) + (next % 2 ? 8u : 0u));
    else if (data[0] >= 0xF4)
        view_tui_resize(&state, 1u + next % 50, 1u + (unsigned)next * 3);
    else if (data[0] >= 0xF0)
        add_span(next);
    else
        view_tui_key(&state, data[0]);
    return data[0] >= 0xF0 && size > 1 ? 2 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const view_store_options options = {.span_limit = 20};
    must(!view_store_open(&store, &options));
    view_tui_state_open(&state, &store);
    canvas = VIEW_CANVAS(NULL);
    for (size_t at = 0; at < size; at += take(data + at, size - at))
        check();
    check();
    view_tui_state_close(&state);
    view_canvas_close(&canvas);
    view_store_close(&store);
    return 0;
}
