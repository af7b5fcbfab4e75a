/* What the library has to say about itself: at most one message a cause, subject and minute.
 *
 * DESIGN: a topic is a cause and a subject. A topic that spoke within the last minute is never
 * forgotten, or two failures that alternate with sixty others would speak each time; when all
 * places are taken by such, newcomers share one topic. So there are at most topic_limit + 1
 * messages a minute, whatever happens. Without a callback no lock is taken.
 */
#include <impact/diagnostics.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/diagnostics.h"
#include "base/nonblocking.h"
#include "base/sigpipe.h"
#include "base/text.h"
#include "base/thread.h"

enum {
    message_size = 512,
    topic_limit = 64,
};

static const uint64_t pause_ns = 60 * IMPACT__NS_PER_SEC;

typedef struct topic {
    uint64_t key; /* a hash of cause and subject; 0: unused */
    uint64_t last_ns;
    uint64_t suppressed;
} topic;

static atomic_bool has_callback; /* a hint that saves the lock: what counts is read under it */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static topic topics[topic_limit];
static topic all_others;
static impact_diagnostics_fn the_callback;
static void *the_userdata;

void impact_diagnostics_set_callback(impact_diagnostics_fn callback, void *userdata)
{
    (void)impact__diagnostics_open(); /* without memory for it, only a fork at the wrong moment
                                         hurts */
    (void)pthread_mutex_lock(&lock);  /* cannot fail for a normal lock; likewise below */
    the_callback = callback;
    the_userdata = userdata;
    atomic_store_explicit(&has_callback, callback != NULL, memory_order_relaxed);
    (void)pthread_mutex_unlock(&lock);
}

/* What standard error had no room for. Relaxed: a number, and nothing beside it. */
static _Atomic uint64_t unsaid;

static bool write_line(const char *message, uint64_t suppressed)
{
    char line[message_size + 64];
    const int length = (int)(message ? strnlen(message, message_size) : 0);
    const int size =
        suppressed ? snprintf(line, sizeof line, "impact: %.*s (%llu more suppressed)\n", length,
                              message, (unsigned long long)suppressed)
                   : snprintf(line, sizeof line, "impact: %.*s\n", length, message ? message : "");
    return size > 0 && (size_t)size < sizeof line &&
           impact__write_without_waiting(STDERR_FILENO, line, (size_t)size);
}

void impact_diagnostics_to_stderr(impact_severity severity, const char *message,
                                  uint64_t suppressed, void *userdata)
{
    (void)severity;
    (void)userdata; /* there is only one standard error */
    const uint64_t before = atomic_exchange_explicit(&unsaid, 0, memory_order_relaxed);
    impact__sigpipe held; /* what speaks is the library: it must not end the process */
    impact__sigpipe_hold(&held);
    const bool is_said = write_line(message, suppressed + before);
    impact__sigpipe_release(&held);
    if (!is_said) /* it may be next time */
        atomic_fetch_add_explicit(&unsaid, suppressed + before + 1, memory_order_relaxed);
}

/* FNV-1a, the terminating NUL included: "ab", "c" is not "a", "bc". */
static uint64_t hash(uint64_t seed, const char *text)
{
    const uint64_t prime = UINT64_C(0x100000001b3);
    for (; text && *text; text++)
        seed = (seed ^ (unsigned char)*text) * prime;
    return seed * prime;
}

static uint64_t key_of(const char *cause, const char *subject)
{
    return hash(hash(UINT64_C(0xcbf29ce484222325), cause), subject) | 1;
}

static bool has_paused(const topic *t, uint64_t now)
{
    return !t->last_ns || now - t->last_ns >= pause_ns;
}

/* The topic of `key`, in the place of the longest silent one when it is new. Under the lock. */
static topic *topic_of(uint64_t key, uint64_t now)
{
    topic *oldest = topics;
    for (topic *t = topics; t < topics + topic_limit; t++) {
        if (t->key == key)
            return t;
        if (t->last_ns < oldest->last_ns)
            oldest = t;
    }
    if (!has_paused(oldest, now))
        return &all_others;
    all_others.suppressed += oldest->suppressed; /* forgotten by name, not by number */
    *oldest = (topic){.key = key};
    return oldest;
}

/* True when the topic's turn has come; then `suppressed` is what was withheld. Under the lock. */
static bool may_speak(uint64_t key, uint64_t *suppressed)
{
    const uint64_t now = impact__clock_monotonic_ns();
    topic *t = topic_of(key, now);
    if (!has_paused(t, now)) {
        t->suppressed++;
        return false;
    }
    *suppressed = t->suppressed;
    t->last_ns = now;
    t->suppressed = 0;
    return true;
}

/* C0, DEL and, in two bytes, C1: what a terminal or a log would obey. */
static bool is_control(const char *character, size_t size)
{
    const unsigned char *c = (const unsigned char *)character;
    return size == 1 ? c[0] < 0x20 || c[0] == 0x7F : size == 2 && c[0] == 0xC2 && c[1] < 0xA0;
}

/* One line of UTF-8: blanks for control characters, question marks for bytes that are ill-formed.
 */
static void make_presentable(char *message)
{
    for (impact_text rest = impact_text_of(message); rest.size;) {
        const size_t sequence = impact__utf8_sequence(rest);
        char *at = message + (rest.data - message);
        if (!sequence)
            *at = '?';
        else if (is_control(at, sequence))
            memset(at, ' ', sequence);
        const size_t done = sequence ? sequence : 1;
        rest = impact_text_from(rest.data + done, rest.size - done);
    }
}

/* A message that was cut ends with a whole character. */
static void end_with_whole_character(char *message, size_t size)
{
    size_t start = size;
    while (start && size - start < 3 && ((unsigned char)message[start - 1] & 0xC0) == 0x80)
        start--;
    const unsigned char lead = start ? (unsigned char)message[start - 1] : 0;
    if (lead >= 0xC0 &&
        !impact__utf8_sequence(impact_text_from(message + start - 1, size - start + 1)))
        message[start - 1] = 0;
}

static void speak(impact_diagnostics_fn callback, void *userdata, impact_severity severity,
                  uint64_t suppressed, const char *format, va_list arguments)
{
    char message[message_size];
    const int size = vsnprintf(message, sizeof message, format, arguments);
    if (size < 0)
        return; /* the format cannot be written; nothing sensible can be said */
    if ((size_t)size >= sizeof message)
        end_with_whole_character(message, sizeof message - 1);
    make_presentable(message);
    callback(severity, message, suppressed, userdata);
}

void impact_diagnostics_report(impact_severity severity, const char *cause, const char *subject,
                               const char *format, ...)
{
    if (!format || !atomic_load_explicit(&has_callback, memory_order_relaxed))
        return;
    const int errno_of_host = errno;
    const uint64_t key = key_of(cause, subject);
    uint64_t suppressed = 0;
    (void)pthread_mutex_lock(&lock);
    const impact_diagnostics_fn callback = the_callback;
    void *const userdata = the_userdata;
    const bool speaks = callback && may_speak(key, &suppressed);
    (void)pthread_mutex_unlock(&lock);
    if (speaks) {
        va_list arguments;
        const int held = impact__cancel_hold(); /* who reports is in the middle of something */
        va_start(arguments, format);
        speak(callback, userdata, severity, suppressed, format, arguments);
        va_end(arguments);
        impact__cancel_release(held);
    }
    errno = errno_of_host;
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

/* The parent tells what it withheld; the child stays silent about what was just said. */
static void begin_anew(void *owner)
{
    for (topic *t = topics; t < topics + topic_limit; t++)
        t->suppressed = 0;
    all_others.suppressed = 0;
    let_go(owner);
}

static impact__fork_member member = {
    .prepare = prepare,
    .in_parent = let_go,
    .in_child = begin_anew,
};
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
