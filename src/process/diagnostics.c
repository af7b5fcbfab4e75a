/* What the library has to say about itself: at most one message a cause, subject and minute.
 *
 * DESIGN: a topic is a cause and a subject. A topic that spoke within the last minute is never
 * forgotten, or two failures that alternate with sixty others would speak each time; when all
 * places are taken by such, newcomers share one topic. So there are at most topic_limit + 1
 * messages a minute, whatever happens.
 *
 * A callback is called by whoever reports. Without one, messages are for standard error, and who
 * reports may be recording, which must never wait: so they are kept, and said by a thread of ours,
 * by a call that sets something up, flushes or shuts down, or at the end of the process. Before
 * anything was set up nobody listens, and no lock is taken.
 */
#include <impact/diagnostics.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/once.h"
#include "process/diagnostics.h"
#include "base/text.h"
#include "base/thread.h"
#include "process/standard_error.h"

enum {
    message_size = 512,
    topic_limit = 64,
    kept_limit = 32, /* messages that wait to be said */
};

static const uint64_t pause_ns = 60 * IMPACT__NS_PER_SEC;

typedef struct topic {
    uint64_t key; /* a hash of cause and subject; 0: unused */
    uint64_t last_ns;
    uint64_t suppressed;
} topic;

typedef struct note {
    impact_severity severity;
    uint64_t suppressed;
    char text[message_size];
} note;

/* Hints that save the lock: what counts is read under it. */
static atomic_bool is_listening;
static atomic_bool has_callback;
static atomic_bool has_kept;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static topic topics[topic_limit];
static topic all_others;
static impact_diagnostics_fn the_callback;
static void *the_userdata;
static note kept[kept_limit]; /* a ring */
static size_t first_kept;
static size_t kept_count;
static uint64_t lost_count; /* that found no room in it, since the last one that was said */

void impact_diagnostics_set_callback(impact_diagnostics_fn callback, void *userdata)
{
    (void)impact__diagnostics_listen(); /* without memory for it, only a fork at the wrong moment
                                           hurts */
    (void)pthread_mutex_lock(&lock);    /* cannot fail for a normal lock; likewise below */
    the_callback = callback;
    the_userdata = userdata;
    atomic_store_explicit(&has_callback, callback != NULL, memory_order_relaxed);
    (void)pthread_mutex_unlock(&lock);
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
    assert(impact__lock_is_held(&lock));
    assert(key != 0);
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
    assert(impact__lock_is_held(&lock));
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
    assert(size < message_size);
    size_t start = size;
    while (start && size - start < 3 && ((unsigned char)message[start - 1] & 0xC0) == 0x80)
        start--;
    const unsigned char lead = start ? (unsigned char)message[start - 1] : 0;
    if (lead >= 0xC0 &&
        !impact__utf8_sequence(impact_text_from(message + start - 1, size - start + 1)))
        message[start - 1] = 0;
}

/* False: the format cannot be written; nothing sensible can be said. */
static bool write_text(char *text, const char *format, va_list arguments)
{
    const int size = vsnprintf(text, message_size, format, arguments);
    if (size < 0)
        return false;
    if ((size_t)size >= message_size)
        end_with_whole_character(text, message_size - 1);
    make_presentable(text);
    return true;
}

static void keep(const note *m)
{
    (void)pthread_mutex_lock(&lock);
    if (kept_count < kept_limit)
        kept[(first_kept + kept_count++) % kept_limit] = *m;
    else
        lost_count += 1 + m->suppressed;
    atomic_store_explicit(&has_kept, true, memory_order_relaxed);
    (void)pthread_mutex_unlock(&lock);
}

/* Whom to tell: a callback, or standard error for NULL. */
typedef struct listener {
    impact_diagnostics_fn callback;
    void *userdata;
} listener;

static void speak(const listener *to, note *m, const char *format, va_list arguments)
{
    if (!write_text(m->text, format, arguments))
        return;
    if (!to->callback) {
        keep(m);
        return;
    }
    const int held = impact__cancel_hold(); /* who reports is in the middle of something */
    to->callback(m->severity, m->text, m->suppressed, to->userdata);
    impact__cancel_release(held);
}

/* Somebody may want to hear of it. */
static bool is_heard(impact_severity severity)
{
    return atomic_load_explicit(&is_listening, memory_order_relaxed) &&
           (atomic_load_explicit(&has_callback, memory_order_relaxed) ||
            impact__standard_error_hears(severity));
}

void impact_diagnostics_report(impact_severity severity, const char *cause, const char *subject,
                               const char *format, ...)
{
    if (!format || !is_heard(severity))
        return;
    const int errno_of_host = errno;
    const uint64_t key = key_of(cause, subject);
    note m = {.severity = severity};
    (void)pthread_mutex_lock(&lock);
    const listener to = {the_callback, the_userdata};
    const bool speaks = may_speak(key, &m.suppressed);
    (void)pthread_mutex_unlock(&lock);
    if (speaks) {
        va_list arguments;
        va_start(arguments, format);
        speak(&to, &m, format, arguments);
        va_end(arguments);
    }
    errno = errno_of_host;
}

/* ---- saying what was kept ---- */

/* Under the lock. False: there is none. */
static bool take_kept(note *m)
{
    assert(impact__lock_is_held(&lock));
    assert(kept_count <= kept_limit && first_kept < kept_limit);
    if (!kept_count)
        return false;
    *m = kept[first_kept];
    m->suppressed += lost_count;
    lost_count = 0;
    first_kept = (first_kept + 1) % kept_limit;
    kept_count--;
    atomic_store_explicit(&has_kept, kept_count != 0, memory_order_relaxed);
    return true;
}

static void say_kept(void)
{
    assert(impact__lock_is_held(&lock));
    note m;
    while (take_kept(&m)) {
        (void)pthread_mutex_unlock(&lock);
        impact__standard_error_say(m.severity, m.text, m.suppressed);
        (void)pthread_mutex_lock(&lock);
    }
}

void impact__diagnostics_say(void)
{
    if (!atomic_load_explicit(&has_kept, memory_order_relaxed))
        return;
    const int errno_of_host = errno;
    const int held = impact__cancel_hold();
    (void)pthread_mutex_lock(&lock);
    say_kept();
    (void)pthread_mutex_unlock(&lock);
    impact__cancel_release(held);
    errno = errno_of_host;
}

/* A child that was made past fork() may have inherited the lock from a thread that it does not
 * have. */
__attribute__((destructor)) static void say_the_last(void)
{
    if (pthread_mutex_trylock(&lock))
        return;
    say_kept();
    (void)pthread_mutex_unlock(&lock);
}

/* ---- forks ---- */

static void prepare(void *owner)
{
    (void)owner;
    (void)pthread_mutex_lock(&lock);
}

static void let_go(void *owner)
{
    assert(impact__lock_is_held(&lock));
    (void)owner;
    (void)pthread_mutex_unlock(&lock);
}

/* The parent tells what it withheld and kept; the child stays silent about what was just said. */
static void begin_anew(void *owner)
{
    for (topic *t = topics; t < topics + topic_limit; t++)
        t->suppressed = 0;
    all_others.suppressed = 0;
    kept_count = 0;
    lost_count = 0;
    let_go(owner);
}

static impact__fork_member member = {
    .prepare = prepare,
    .in_parent = let_go,
    .in_child = begin_anew,
};
static impact__once once;
static impact_status fork_status;

static void watch_forks(void)
{
    fork_status = impact__fork_add(&member);
}

impact_status impact__diagnostics_listen(void)
{
    impact__once_do(&once, watch_forks);
    atomic_store_explicit(&is_listening, true, memory_order_relaxed);
    return fork_status;
}
