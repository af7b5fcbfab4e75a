/* `impact probe`: asks a health endpoint once, or again and again, and says what it heard.
 *
 * A resolver minds no deadline. So a timer stands behind a single question: when it fires, the
 * program ends as the timeout would have ended it.
 */
#include "probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "probe_arguments.h"
#include "probe_verdict.h"
#include "probe_watch.h"

enum { secret_limit = 1024, grace_ms = 100 };

/* ---- the secret ---- */

/* It stands in a header: a byte that could end that is refused. */
static const char *check_secret(const char *secret)
{
    for (const char *c = secret; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return "there are control characters in it";
    return *secret ? NULL : "it is empty";
}

/* The first line of a file. */
static const char *read_secret(char secret[secret_limit], const char *name)
{
    FILE *file = fopen(name, "rbe");
    if (!file)
        return strerror(errno);
    const bool is_read = fgets(secret, secret_limit, file) != NULL;
    (void)fclose(file); /* it was only read */
    if (!is_read)
        return "it is empty";
    secret[strcspn(secret, "\r\n")] = '\0';
    return NULL;
}

/* False: it is asked for, and is not there; arguments->problem says why. */
static bool find_secret(probe_arguments *arguments, char room[secret_limit], const char **secret)
{
    *secret = NULL;
    if (arguments->secret_file) {
        arguments->problem_word = arguments->secret_file;
        arguments->problem = read_secret(room, arguments->secret_file);
        *secret = room;
    } else if (arguments->secret_variable) {
        arguments->problem_word = arguments->secret_variable;
        *secret = getenv(arguments->secret_variable);
        arguments->problem = *secret ? NULL : "there is no such environment variable";
    }
    if (*secret && !arguments->problem)
        arguments->problem = check_secret(*secret);
    return !arguments->problem;
}

/* ---- printing ---- */

static const char *nagios_word(impact_health_status status)
{
    static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    return words[status];
}

/* A bar would begin the performance data (Monitoring Plugins Development Guidelines). */
static void print_nagios(probe_verdict *v)
{
    for (char *bar = v->summary; (bar = strchr(bar, '|'));)
        *bar = '/';
    for (char *bar = v->checks; (bar = strchr(bar, '|'));)
        *bar = '/';
    (void)printf("HEALTH %s - %s | time=%.6fs;;;0\n%s", nagios_word(v->status), v->summary,
                 (double)v->took_ns / (double)IMPACT__NS_PER_SEC, v->checks);
}

static void print_plain(const probe_verdict *v)
{
    (void)printf("%s: %s (%.1f ms)\n%s", probe_status_word(v->status), v->summary,
                 (double)v->took_ns / (double)IMPACT__NS_PER_MS, v->checks);
}

/* ---- the timer ---- */

static volatile sig_atomic_t status_at_timeout;

static void give_up(int signal)
{
    static const char message[] = "impact: timeout\n";
    (void)signal;
    (void)!write(STDERR_FILENO, message, sizeof message - 1); /* the exit status tells as well */
    _exit(status_at_timeout);
}

static void start_timer(const probe_arguments *arguments)
{
    const uint64_t ms = (uint64_t)arguments->timeout_ms + grace_ms;
    const struct itimerval once = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)}};
    const struct sigaction action = {.sa_handler = give_up};
    status_at_timeout = probe_exit_status(IMPACT_HEALTH_FAIL, arguments->is_nagios);
    (void)sigaction(SIGALRM, &action, NULL); /* neither can fail; without it, only slower */
    (void)setitimer(ITIMER_REAL, &once, NULL);
}

/* ---- the command ---- */

static int probe_once(const probe_arguments *arguments, const char *secret)
{
    static probe_verdict verdict;
    start_timer(arguments);
    const probe_asked asked = probe_ask(&arguments->target, secret, arguments->timeout_ms);
    probe_verdict_reach(&verdict, &asked, arguments->is_verbose);
    if (!arguments->is_quiet && arguments->is_nagios)
        print_nagios(&verdict);
    else if (!arguments->is_quiet)
        print_plain(&verdict);
    return probe_exit_status(verdict.status, arguments->is_nagios);
}

static int refuse(const probe_arguments *arguments)
{
    const char *word = arguments->problem_word;
    (void)fprintf(stderr, "impact probe: %s%s%s\n", word ? word : "", word ? ": " : "",
                  arguments->problem);
    (void)fprintf(stderr, "impact probe --help says more\n");
    return probe_exit_status(IMPACT_HEALTH_UNKNOWN, arguments->is_nagios);
}

int probe_main(int count, char *const *words)
{
    probe_arguments arguments;
    char room[secret_limit];
    const char *secret = NULL;
    probe_arguments_parse(&arguments, count, words);
    if (!arguments.problem && (arguments.wants_help || arguments.wants_version)) {
        (void)fputs(arguments.wants_help ? probe_usage : "impact " IMPACT_VERSION "\n", stdout);
        return 0;
    }
    if (arguments.problem || !find_secret(&arguments, room, &secret))
        return refuse(&arguments);
    return arguments.is_watching ? probe_watch(&arguments, secret) : probe_once(&arguments, secret);
}
