/* `impact probe`. */
#ifndef IMPACT_CLI_PROBE_H
#define IMPACT_CLI_PROBE_H

/* The words behind "probe". Returns the exit status. */
int probe_main(int count, char *const *words);

#endif
