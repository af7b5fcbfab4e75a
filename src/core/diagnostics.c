/* What the library has to say about itself: at most one message a cause, subject and minute. */
#include <impact/diagnostics.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/diagnostics.h"

enum {
    message_size = 512,
    topic_limit = 64, /* causes and subjects remembered; the longest silent one gives way */
};

static const uint64_t pause_ns = 60 * IMPACT__NS_PER_SEC;

typedef struct topic {
    uint64_t key; /* a hash of cause and subject; 0: unused */
    uint64_t last_ns;
    uint64_t suppressed;
} topic;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static topic topics[topic_limit];
static impact_diagnostics_fn the_callback;
static void *the_userdata;

void impact_diagnostics_set_callback(impact_diagnostics_fn callback, void *userdata)
{
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
    the_callback = callback;
    the_userdata = userdata;
    (void)pthread_mutex_unlock(&lock);
}

void impact_diagnostics_to_stderr(impact_severity severity, const char *message,
                                  uint64_t suppressed, void *userdata)
{
    (void)severity;
    (void)userdata; /* there is only one standard error */
    char line[message_size + 64];
    const int size = suppressed ? snprintf(line, sizeof line, "impact: %s (%llu more suppressed)\n",
                                           message, (unsigned long long)suppressed)
                                : snprintf(line, sizeof line, "impact: %s\n", message);
    if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0)
        return; /* there is nobody left to tell */
}

/* FNV-1a. */
static uint64_t hash(uint64_t seed, const char *text)
{
    for (; text && *text; text++)
        seed = (seed ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return seed;
}

static topic *topic_of(uint64_t key)
{
    topic *oldest = topics;
    for (topic *t = topics; t < topics + topic_limit; t++) {
        if (t->key == key)
            return t;
        if (t->last_ns < oldest->last_ns)
            oldest = t;
    }
    *oldest = (topic){.key = key};
    return oldest;
}

/* True when the topic's turn has come; then `suppressed` is what was withheld. Under the lock. */
static bool may_speak(uint64_t key, uint64_t *suppressed)
{
    const uint64_t now = impact__clock_monotonic_ns();
    topic *t = topic_of(key);
    if (t->last_ns && now - t->last_ns < pause_ns) {
        t->suppressed++;
        return false;
    }
    *suppressed = t->suppressed;
    *t = (topic){.key = key, .last_ns = now};
    return true;
}

static void make_one_line(char *message)
{
    for (; *message; message++)
        if ((unsigned char)*message < 0x20)
            *message = ' ';
}

void impact_diagnostics_report(impact_severity severity, const char *cause, const char *subject,
                               const char *format, ...)
{
    uint64_t suppressed = 0;
    (void)pthread_mutex_lock(&lock);
    const impact_diagnostics_fn callback = the_callback;
    void *const userdata = the_userdata;
    const uint64_t key = hash(hash(UINT64_C(0xcbf29ce484222325), cause), subject) | 1;
    const bool speaks = callback && may_speak(key, &suppressed);
    (void)pthread_mutex_unlock(&lock);
    if (!speaks)
        return;
    char message[message_size];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (size < 0)
        return; /* the format cannot be written; nothing sensible can be said */
    make_one_line(message);
    callback(severity, message, suppressed, userdata);
}

static void prepare(void *owner)
{
    (void)owner;
    (void)pthread_mutex_lock(&lock);
}

static void let_go(void *owner)
{
    (void)owner;
    (void)pthread_mutex_unlock(&lock);
}

static impact__fork_member member = {.prepare = prepare, .in_parent = let_go, .in_child = let_go};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static impact_status fork_status;

static void watch_forks(void)
{
    fork_status = impact__fork_add(&member);
}

impact_status impact__diagnostics_open(void)
{
    (void)pthread_once(&once, watch_forks); /* cannot fail */
    return fork_status;
}
