/* The terminal below ncurses: its modes, and what was drawn on its way there.
 *
 * DESIGN: ncurses writes and waits. So what it writes to is a file in memory, from which an outlet
 * has it; only while it is started that file is the terminal, whose modes it learns and sets then.
 */
#ifndef IMPACT_CLI_VIEW_TUI_TERMINAL_H
#define IMPACT_CLI_VIEW_TUI_TERMINAL_H

#include <stdio.h>
#include <termios.h>

#include "outlet.h"

typedef struct view_terminal {
    view_outlet *outlet;   /* borrowed */
    FILE *drawn;           /* what ncurses writes to */
    struct termios before; /* the modes that it had, and is given back with */
    struct termios ours;
} view_terminal;

/* False: it cannot be; close it even then. */
bool view_terminal_open(view_terminal *terminal, view_outlet *outlet);
void view_terminal_close(view_terminal *terminal);

/* ncurses has been started: what it writes stays in memory from now on. False: it cannot be. */
bool view_terminal_divert(view_terminal *terminal);

/* Send what has been written since. False: it is lost, for want of memory. */
bool view_terminal_take(view_terminal *terminal);

/* Give it back to whoever had it before, and take it again. */
void view_terminal_release(view_terminal *terminal);
void view_terminal_resume(view_terminal *terminal);

#endif
