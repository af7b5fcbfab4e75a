/* The words of `impact probe`. */
#ifndef IMPACT_CLI_PROBE_ARGUMENTS_H
#define IMPACT_CLI_PROBE_ARGUMENTS_H

#include "probe_target.h"

typedef struct probe_arguments {
    probe_target target;
    const char *secret_file; /* borrowed from the command line; likewise below */
    const char *secret_variable;
    uint32_t timeout_ms;
    uint32_t interval_ms; /* of --watch */
    bool is_watching;
    bool is_nagios;
    bool is_quiet;
    bool is_verbose;
    bool wants_help;
    bool wants_version;
    const char *problem; /* NULL: none */
    const char *problem_word;
} probe_arguments;

/* Read the words behind "probe". What is wrong first is the problem; is_nagios is read in any case,
 * because it decides the exit status. */
void probe_arguments_parse(probe_arguments *to, int count, char *const *words);

extern const char probe_usage[];

#endif
