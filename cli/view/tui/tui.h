/* The terminal, full screen: ncurses, driven by the caller's loop. */
#ifndef IMPACT_CLI_VIEW_TUI_TUI_H
#define IMPACT_CLI_VIEW_TUI_TUI_H

#include "store.h"

typedef struct view_tui view_tui;

/* Take the terminal that standard input and output are. What is said on standard error from now on
 * waits until it is given back. `address` is where traces are sent to: copied. NULL, and told: it
 * cannot be. */
view_tui *view_tui_open(view_store *store, const char *address);

/* The terminal is as it was. Accepts NULL. */
void view_tui_close(view_tui *tui);

/* Milliseconds until there is something to draw; -1: nothing waits. */
int view_tui_timeout_ms(const view_tui *tui);

/* Take the keys that standard input has, if `has_input`, and draw what has changed. False: somebody
 * wants to leave. */
bool view_tui_run(view_tui *tui, bool has_input);

/* The terminal has another size (SIGWINCH). */
void view_tui_resized(view_tui *tui);

#endif
