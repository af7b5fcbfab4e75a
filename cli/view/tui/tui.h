/* The terminal, full screen: ncurses, driven by the caller's loop. */
#ifndef IMPACT_CLI_VIEW_TUI_TUI_H
#define IMPACT_CLI_VIEW_TUI_TUI_H

#include "outlet.h"
#include "store.h"

typedef struct view_tui view_tui;

/* Take the terminal that standard input and output are. What is drawn goes to `terminal`, which is
 * borrowed, and is drawn when what was drawn before is there. What is said on standard error from
 * now on waits until it is given back. `address` is where traces are sent to: copied. NULL, and
 * told: it cannot be. */
view_tui *view_tui_open(view_store *store, view_outlet *terminal, const char *address);

/* The terminal is as it was; one that takes nothing is waited for as an outlet is. Accepts NULL. */
void view_tui_close(view_tui *tui);

/* Milliseconds until there is something to draw; -1: nothing waits. */
int view_tui_timeout_ms(const view_tui *tui);

/* Take the keys that standard input has, if `has_input`, and draw what has changed. False: somebody
 * wants to leave. */
bool view_tui_run(view_tui *tui, bool has_input);

/* The terminal has another size (SIGWINCH). */
void view_tui_resized(view_tui *tui);

/* Give the terminal back, stop (SIGTSTP, which is blocked), and take it again. */
void view_tui_stop(view_tui *tui);

#endif
