/* What the kernel tells of a process in /proc/<pid>/stat (proc(5)). */
#ifndef IMPACT_CHECKS_PROCESS_STATE_H
#define IMPACT_CHECKS_PROCESS_STATE_H

#include <stdbool.h>

#include <impact/text.h>

enum { impact__command_limit = 15 }; /* bytes that the kernel keeps: TASK_COMM_LEN less the NUL */

typedef struct impact__process_state {
    impact_text command; /* borrowed from the file */
    bool is_alive;       /* neither a zombie nor on its way to be none */
} impact__process_state;

/* False: the file has another form. */
bool impact__process_state_read(impact__process_state *state, impact_text file);

/* The command is `name`, as far as the kernel keeps it. */
bool impact__process_is_of(const impact__process_state *state, impact_text name);

#endif
