/* A real server that a test starts: in a folder of its own, on a free port, as a user that may be
 * less than root; it is gone when the test is. */
#ifndef IMPACT_TESTS_INTEGRATION_STARTED_H
#define IMPACT_TESTS_INTEGRATION_STARTED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct started {
    pid_t process; /* the leader of its session */
    char folder[64];
    char log[96]; /* what it writes */
} started;

/* A folder of its own, that `user` (NULL: whoever runs the test) owns. */
void started_prepare(started *server, const char *user);

/* Run argv in it, with what `environment` says beside the test's own (NAME=value, then NULL; may be
 * NULL). Other programs may follow in the same folder. */
void started_run(started *server, char *const argv[], const char *const *environment,
                 const char *user);

/* A port that nobody had a moment ago, for a stream or a datagram socket. */
uint16_t started_free_port(int type);

/* Wait until the port takes connections, or datagrams, or the log has the words. False: not in a
 * minute. */
bool started_listens(uint16_t port);
bool started_receives(uint16_t port);
bool started_is_gone(uint16_t port); /* it takes none any more: threads may outlive their process */
bool started_says(const started *server, const char *words);

/* All of its processes: SIGSTOP, after which none of its threads runs, SIGCONT. */
void started_signal(const started *server, int number);

/* End it; and with it what is in its folder. */
void started_end(started *server);
void started_clean(started *server);

#endif
