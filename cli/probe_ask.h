/* One request, and its answer, within a deadline. */
#ifndef IMPACT_CLI_PROBE_ASK_H
#define IMPACT_CLI_PROBE_ASK_H

#include "probe_answer.h"
#include "probe_target.h"

typedef struct probe_asked {
    const char *problem; /* why there is no answer; NULL: there is one */
    probe_answer answer; /* its text lives until the next question */
    uint64_t took_ns;
} probe_asked;

/* `secret` is sent as a bearer token; NULL: none. Not for two threads at once. */
probe_asked probe_ask(const probe_target *target, const char *secret, uint32_t timeout_ms);

#endif
