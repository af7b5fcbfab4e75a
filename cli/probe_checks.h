/* The checks in the body of an answer: the original JSON, or application/health+json. */
#ifndef IMPACT_CLI_PROBE_CHECKS_H
#define IMPACT_CLI_PROBE_CHECKS_H

#include <stdbool.h>

#include <impact/health.h>
#include <impact/text.h>

typedef struct probe_check {
    impact_text name; /* as it stands in the JSON, with its escapes; likewise below */
    impact_text output;
    impact_health_status status;
} probe_check;

typedef void (*probe_check_fn)(void *userdata, const probe_check *check);

/* Call `visit` for each check, in their order. `status` gets what the answer says of all of them;
 * UNKNOWN: nothing. False: it is no JSON object; what was found by then was visited. */
bool probe_checks_read(impact_health_status *status, impact_text json, probe_check_fn visit,
                       void *userdata);

/* Copy a JSON string's content for a terminal: escapes are decoded, control characters are question
 * marks. At most `size` bytes with the NUL; returns how many without it. */
size_t probe_text_show(char *to, size_t size, impact_text from);

#endif
