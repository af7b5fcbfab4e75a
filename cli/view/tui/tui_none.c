/* Without ncurses there is no full screen. */
#include <stdio.h>

#include "tui.h"

view_tui *view_tui_open(view_store *store, view_outlet *terminal, const char *address)
{
    (void)store;
    (void)terminal;
    (void)address;
    (void)fputs("impact view: --tui: this program was built without ncurses\n", stderr);
    return NULL;
}

void view_tui_close(view_tui *tui)
{
    (void)tui;
}

int view_tui_timeout_ms(const view_tui *tui)
{
    (void)tui;
    return -1;
}

bool view_tui_run(view_tui *tui, bool has_input)
{
    (void)tui;
    return !has_input;
}

void view_tui_resized(view_tui *tui)
{
    (void)tui;
}

void view_tui_stop(view_tui *tui)
{
    (void)tui;
}
