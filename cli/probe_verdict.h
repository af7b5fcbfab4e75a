/* What an answer means, and how it is printed. */
#ifndef IMPACT_CLI_PROBE_VERDICT_H
#define IMPACT_CLI_PROBE_VERDICT_H

#include "probe_ask.h"
#include "probe_checks.h"

enum { probe_text_limit = 64 * 1024, probe_summary_limit = 512 };

typedef struct probe_verdict {
    impact_health_status status;
    char summary[probe_summary_limit]; /* one line: "503: 2 of 5 checks fail: db, queue" */
    char checks[probe_text_limit];     /* a line each, those that are wanted; cut */
    size_t check_count;
    size_t bad_count; /* that do not pass */
    uint64_t took_ns;
} probe_verdict;

/* Judge an answer. `wants_all`: the lines are of the checks that pass, too. */
void probe_verdict_reach(probe_verdict *to, const probe_asked *asked, bool wants_all);

/* "pass", "warn", "fail", "unknown". */
const char *probe_status_word(impact_health_status status);

/* What a program that asked exits with. Docker: 0 is healthy, 1 is not, and 2 is reserved. Nagios:
 * the status's number. */
int probe_exit_status(impact_health_status status, bool is_nagios);

#endif
