/* The terminal, full screen.
 *
 * DESIGN: ncurses knows the terminal; what is drawn it gets as pieces of text in which no control
 * character is (canvas.h), each with its place, so that a character whose width the terminal sees
 * otherwise moves nothing beyond its own cells. Keys are drawn at once, what comes in at most ten
 * times a second: the line may be slow. What it has not taken yet is waited for with the next
 * drawing, of what is true then, and by nothing else.
 */
#define NCURSES_WIDECHAR 1
#include "tui.h"

#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "export/descriptor.h"
#include "terminal.h"
#include "tui_state.h"

enum {
    pause_ms = 100,  /* between drawings of what comes in */
    escape_ms = 100, /* that the rest of a key's bytes may take; ncurses' second is felt */
    red_pair = 1,    /* of colours; likewise below */
    cyan_pair = 2,
    redraw = 'L' & 0x1F /* Ctrl-L, as everywhere */
};

struct view_tui {
    view_tui_state state;
    view_canvas canvas;
    view_terminal terminal;
    SCREEN *screen;
    bool has_colours;
    bool is_stale;    /* what was drawn is not what there is to see */
    uint64_t next_ns; /* when what came in is drawn */
    FILE *told;       /* on standard error, meanwhile; NULL: it goes where it went */
    int errors;       /* standard error itself */
};

static view_tui *refuse(const char *why)
{
    (void)fprintf(stderr, "impact view: --tui: %s\n", why);
    return NULL;
}

/* ---- standard error ---- */

/* It is the terminal: what is said there would stand in the middle of the screen. */
static void hold_errors(view_tui *tui)
{
    tui->errors = -1;
    tui->told = isatty(STDERR_FILENO) ? tmpfile() : NULL;
    if (!tui->told)
        return;
    tui->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (tui->errors >= 0)
        (void)dup2(fileno(tui->told), STDERR_FILENO); /* two descriptors that are open */
}

static void release_errors(view_tui *tui)
{
    view_outlet outlet;
    char part[1024];
    size_t size = 0;
    if (tui->errors >= 0) {
        (void)dup2(tui->errors, STDERR_FILENO); /* as above */
        (void)close(tui->errors);
    }
    if (!tui->told)
        return;
    rewind(tui->told);
    view_outlet_open(&outlet, STDERR_FILENO, tui->state.store->allocator);
    while ((size = fread(part, 1, sizeof part, tui->told)) > 0)
        impact__buffer_append(&outlet.bytes, part, size);
    view_outlet_close(&outlet);
    (void)fclose(tui->told); /* it was only read */
}

/* ---- drawing ---- */

static attr_t attributes_of(const view_tui *tui, unsigned style)
{
    attr_t all = A_NORMAL;
    if (style & view_bold)
        all |= A_BOLD;
    if (style & view_dim)
        all |= A_DIM;
    if (style & view_reverse)
        all |= A_REVERSE;
    if (tui->has_colours && style & view_red)
        all |= (attr_t)COLOR_PAIR(red_pair);
    else if (tui->has_colours && style & view_cyan)
        all |= (attr_t)COLOR_PAIR(cyan_pair);
    return all;
}

static bool is_drawn(const view_tui *tui)
{
    return view_outlet_awaited(tui->terminal.outlet) < 0;
}

/* What memory was short for is missing until the next drawing. */
static void draw(view_tui *tui)
{
    view_tui_draw(&tui->canvas, &tui->state);
    (void)erase(); /* none of these can fail but for places that are not on the screen */
    for (size_t i = 0; i < view_canvas_piece_count(&tui->canvas); i++) {
        impact_text text;
        const view_piece piece = view_canvas_piece(&tui->canvas, i, &text);
        (void)attrset((int)attributes_of(tui, piece.cells.style));
        (void)mvaddnstr((int)piece.cells.row, (int)piece.cells.column, text.data, (int)text.size);
    }
    (void)refresh();
    if (!view_terminal_take(&tui->terminal))
        (void)clearok(curscr, TRUE); /* the screen is there; likewise below */
    tui->is_stale = false;
    tui->next_ns = impact__clock_monotonic_ns() + pause_ms * IMPACT__NS_PER_MS;
}

/* ---- keys ---- */

static uint32_t key_of_code(wint_t code)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } known[] = {
        {KEY_UP, view_key_up},         {KEY_DOWN, view_key_down},
        {KEY_LEFT, view_key_left},     {KEY_RIGHT, view_key_right},
        {KEY_PPAGE, view_key_page_up}, {KEY_NPAGE, view_key_page_down},
        {KEY_HOME, view_key_home},     {KEY_END, view_key_end},
        {KEY_ENTER, view_key_enter},   {KEY_BACKSPACE, view_key_backspace},
        {KEY_BTAB, view_key_tab},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            return known[i].key;
    return 0;
}

static uint32_t key_of_character(wint_t character)
{
    switch (character) {
    case '\r':
    case '\n':
        return view_key_enter;
    case '\t':
        return view_key_tab;
    case '\b':
    case 0x7F: /* delete, which most terminals send */
        return view_key_backspace;
    case 0x1B:
        return view_key_escape;
    default:
        return (uint32_t)character;
    }
}

static void take_keys(view_tui *tui)
{
    wint_t got = 0;
    for (int kind = get_wch(&got); kind != ERR; kind = get_wch(&got)) {
        const uint32_t key = kind == KEY_CODE_YES ? key_of_code(got) : key_of_character(got);
        if (key == redraw)
            (void)clearok(curscr, TRUE);
        else if (key)
            view_tui_key(&tui->state, key);
    }
}

bool view_tui_run(view_tui *tui, bool has_input)
{
    if (!has_input && (!is_drawn(tui) || impact__clock_monotonic_ns() < tui->next_ns))
        return true;
    tui->is_stale = view_tui_update(&tui->state) || has_input || tui->is_stale;
    if (has_input)
        take_keys(tui);
    if (tui->is_stale && is_drawn(tui))
        draw(tui);
    return !tui->state.is_over;
}

int view_tui_timeout_ms(const view_tui *tui)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    const view_trace_rows *rows = &tui->state.rows;
    const bool is_true =
        rows->seen == rows->store->version && rows->evicted == rows->store->evicted;
    if (!is_drawn(tui) || (is_true && !tui->is_stale))
        return -1;
    return now_ns < tui->next_ns ? (int)((tui->next_ns - now_ns) / IMPACT__NS_PER_MS) + 1 : 0;
}

void view_tui_resized(view_tui *tui)
{
    struct winsize size = {.ws_row = 0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
        return;
    (void)resizeterm(size.ws_row, size.ws_col); /* without memory it stays as it is */
    (void)view_tui_update(&tui->state);         /* it is drawn anyway */
    view_tui_resize(&tui->state, (unsigned)LINES, (unsigned)COLS);
    tui->is_stale = true;
    if (is_drawn(tui))
        draw(tui);
}

/* ---- the terminal ---- */

static void leave(view_tui *tui)
{
    (void)endwin();                           /* it was started */
    (void)view_terminal_take(&tui->terminal); /* without memory the next program draws over it */
    view_terminal_release(&tui->terminal);
}

/* What ncurses would do in a handler at any moment. */
void view_tui_stop(view_tui *tui)
{
    sigset_t stop;
    (void)sigemptyset(&stop); /* these cannot fail */
    (void)sigaddset(&stop, SIGTSTP);
    leave(tui);
    (void)raise(SIGTSTP);
    (void)sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops */
    (void)sigprocmask(SIG_BLOCK, &stop, NULL);
    view_terminal_resume(&tui->terminal);
    (void)clearok(curscr, TRUE);
    tui->is_stale = true;
    tui->next_ns = 0;
    view_tui_resized(tui); /* of what it missed nobody tells */
}

/* Arrows of a terminal that does not know what it was told, beside those that TERM says. */
static void define_arrows(void)
{
    static const struct {
        const char *bytes;
        int code;
    } arrows[] = {
        {"\x1b[A", KEY_UP}, {"\x1b[B", KEY_DOWN}, {"\x1b[C", KEY_RIGHT}, {"\x1b[D", KEY_LEFT}};
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        (void)define_key(arrows[i].bytes,
                         arrows[i].code); /* without memory they are as they were */
}

static void set_up(view_tui *tui)
{
    (void)cbreak(); /* what fails here is missing from the terminal, and it is used without */
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)typeahead(-1); /* what is drawn is drawn whole, also while keys come in */
    (void)set_escdelay(escape_ms);
    define_arrows();
    (void)curs_set(0);
    tui->has_colours =
        impact__descriptor_may_colour(STDOUT_FILENO) && has_colors() && start_color() == OK;
    if (!tui->has_colours)
        return;
    const short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
    (void)init_pair(red_pair, COLOR_RED, background);
    (void)init_pair(cyan_pair, COLOR_CYAN, background);
}

/* NULL, or why it cannot be. */
static const char *start_ncurses(view_tui *tui, view_outlet *terminal)
{
    if (!view_terminal_open(&tui->terminal, terminal))
        return "the terminal cannot be opened";
    tui->screen = newterm(NULL, tui->terminal.drawn, stdin);
    if (!tui->screen)
        return "the kind of this terminal (TERM) is not known";
    (void)signal(SIGTSTP, SIG_DFL); /* ncurses has taken it: see view_tui_stop */
    set_up(tui);
    if (view_terminal_divert(&tui->terminal))
        return NULL;
    (void)endwin(); /* it was started */
    delscreen(tui->screen);
    return "no memory";
}

static view_tui *start(view_tui *tui, view_store *store, view_outlet *terminal, const char *address)
{
    const char *problem = start_ncurses(tui, terminal);
    if (problem) {
        view_terminal_close(&tui->terminal);
        impact__free(store->allocator, tui);
        return refuse(problem);
    }
    hold_errors(tui);
    tui->canvas = VIEW_CANVAS(store->allocator);
    tui->canvas.is_ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    view_tui_state_open(&tui->state, store);
    (void)snprintf(tui->state.address, sizeof tui->state.address, "%s", address); /* else cut */
    (void)view_tui_update(&tui->state); /* it is drawn anyway */
    view_tui_resize(&tui->state, (unsigned)LINES, (unsigned)COLS);
    draw(tui);
    return tui;
}

view_tui *view_tui_open(view_store *store, view_outlet *terminal, const char *address)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return refuse("standard input and output are no terminal");
    (void)setlocale(LC_CTYPE, ""); /* one that is not there leaves ASCII */
    view_tui *tui = impact__alloc(store->allocator, sizeof *tui);
    return tui ? start(tui, store, terminal, address) : refuse("no memory");
}

void view_tui_close(view_tui *tui)
{
    if (!tui)
        return;
    leave(tui);
    delscreen(tui->screen);
    view_terminal_close(&tui->terminal);
    release_errors(tui);
    const impact_allocator *allocator = tui->state.store->allocator;
    view_tui_state_close(&tui->state);
    view_canvas_close(&tui->canvas);
    impact__free(allocator, tui);
}
