/* Asks again and again, for people who wait for a service to come up, or to break. */
#include "probe_watch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe_verdict.h"

enum { mark_count = 60 };

typedef struct watch {
    const probe_arguments *arguments;
    probe_verdict verdict;
    impact_health_status before;
    char summary_before[probe_summary_limit];
    char marks[mark_count + 1]; /* of the last answers, the newest last */
    size_t asked_count;
    bool is_terminal;
} watch;

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal)
{
    (void)signal;
    is_interrupted = 1;
}

/* SIGPIPE ends no watch: the write that fails does. */
static void mind_signals(void)
{
    const struct sigaction stop = {.sa_handler = interrupt};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGINT, &stop, NULL); /* cannot fail for these */
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static const char *colour_of(impact_health_status status)
{
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m", "\033[35m"};
    return colours[status];
}

static void mark(watch *w)
{
    static const char marks[] = ".!x?";
    if (w->asked_count >= mark_count)
        memmove(w->marks, w->marks + 1, mark_count - 1);
    const size_t at = w->asked_count < mark_count ? w->asked_count : mark_count - 1;
    w->marks[at] = marks[w->verdict.status];
    w->marks[at + 1] = '\0';
    w->asked_count++;
}

static void print_time(void)
{
    const time_t now = time(NULL);
    struct tm parts;
    char text[16] = "";
    if (localtime_r(&now, &parts))
        (void)strftime(text, sizeof text, "%H:%M:%S", &parts);
    (void)printf("%s  ", text);
}

/* From the top left corner, each line to its end, and nothing below. */
static void draw(watch *w)
{
    const probe_verdict *v = &w->verdict;
    (void)printf("\033[H");
    print_time();
    (void)printf("%s%s\033[0m: %s (%.1f ms)\033[K\n%s\033[K\n", colour_of(v->status),
                 probe_status_word(v->status), v->summary,
                 (double)v->took_ns / (double)IMPACT__NS_PER_MS, w->marks);
    for (const char *line = v->checks; *line;) {
        const int size = (int)strcspn(line, "\n");
        (void)printf("%.*s\033[K\n", size, line);
        line += line[size] ? size + 1 : size;
    }
    (void)printf("\033[J");
}

static void print_change(watch *w)
{
    if (w->asked_count > 1 && w->before == w->verdict.status &&
        strcmp(w->summary_before, w->verdict.summary) == 0)
        return;
    print_time();
    (void)printf("%s: %s\n%s", probe_status_word(w->verdict.status), w->verdict.summary,
                 w->verdict.checks);
    memcpy(w->summary_before, w->verdict.summary, sizeof w->summary_before);
    w->before = w->verdict.status;
}

/* False: nobody reads it. */
static bool show(watch *w)
{
    if (w->arguments->is_quiet)
        return true;
    if (w->is_terminal)
        draw(w);
    else
        print_change(w);
    return fflush(stdout) == 0;
}

static void ask(watch *w, const char *secret)
{
    const probe_asked asked = probe_ask(&w->arguments->target, secret, w->arguments->timeout_ms);
    probe_verdict_reach(&w->verdict, &asked, w->arguments->is_verbose || w->is_terminal);
    mark(w);
}

int probe_watch(const probe_arguments *arguments, const char *secret)
{
    static watch w;
    w.arguments = arguments;
    w.is_terminal = isatty(STDOUT_FILENO) == 1;
    mind_signals();
    if (w.is_terminal)
        (void)printf("\033[2J");
    do
        ask(&w, secret);
    while (show(&w) && !is_interrupted && poll(NULL, 0, (int)arguments->interval_ms) == 0);
    return probe_exit_status(w.verdict.status, arguments->is_nagios);
}
