/* Health checks: register them, ask for them, answer for them over HTTP.
 *
 * A check is a function that is run when somebody asks, or once a period, on one of a bounded
 * number of threads. It is told its deadline; past it the check counts as failed, its thread is
 * left to finish and is never started a second time. Asking never waits: it gives a ticket, which
 * is done when all results are there, at the latest when the budget is spent, and which tells what
 * is known by then. */
#ifndef IMPACT_HEALTH_H
#define IMPACT_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/http.h>
#include <impact/metric.h>
#include <impact/status.h>
#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_health impact_health;               /* a registry and its engine */
typedef struct impact_health_run impact_health_run;       /* one run, given to a check */
typedef struct impact_health_ticket impact_health_ticket; /* somebody's question */
typedef struct impact_health_report impact_health_report; /* what was known at one moment */
typedef struct impact_health_pulse impact_health_pulse;   /* a sign of life */

/* The words are those of draft-inadarei-api-health-check, the numbers the Nagios exit codes. */
typedef enum impact_health_status {
    IMPACT_HEALTH_PASS = 0,
    IMPACT_HEALTH_WARN = 1, /* holds, with a reservation */
    IMPACT_HEALTH_FAIL = 2,
    IMPACT_HEALTH_UNKNOWN = 3, /* no result; counts as fail */
    IMPACT_HEALTH_PENDING = 4  /* of a check's function only: see impact_health_complete */
} impact_health_status;

/* Where the service stands in its life. It decides on the groups _startup and _ready, never on
 * _live: what is draining is alive. */
typedef enum impact_health_phase {
    IMPACT_HEALTH_STARTING = 0, /* neither started nor ready, whatever its checks say */
    IMPACT_HEALTH_SERVING = 1,  /* as its checks say; so a registry begins */
    IMPACT_HEALTH_DRAINING = 2  /* not ready, so that no more requests come */
} impact_health_phase;

/* ---- a registry ---- */

typedef struct impact_health_options {
    size_t size;
    const impact_allocator *allocator; /* borrowed; NULL: the default */
    const char *prefix;                /* of the paths; copied; NULL: "/health" */
    const char *secret;                /* copied; NULL or empty: answers are open to all */
    uint32_t workers;                  /* threads, plus one a check that takes its time; 4, or
                                          IMPACT_HEALTH_NO_THREADS */
    uint32_t budget_ms;                /* a probe is answered within it; 900 */
    bool ignores_unknown_checks;       /* answer 200 with "unknown_checks" rather than 404 */
    bool has_probes;                   /* answer for /livez, /readyz and /startupz, too */
    bool empty_groups_hold;            /* _ready and _startup without checks are ready */
    bool shows_explanations;           /* to everybody, where no secret is asked for */
    const char *second_secret;         /* is as good, while it is changed; copied */
    const char *service_id;            /* which service this is: ASCII; copied, as the next three */
    const char *version;               /* of its interface */
    const char *release_id;            /* of its build */
    const char *description;
    bool triggers_watchdog; /* systemd is told at once that _live fails; else it waits in vain */
} impact_health_options;

#define IMPACT_HEALTH_OPTIONS(...)                                                                 \
    (&(const impact_health_options){.size = sizeof(impact_health_options), __VA_ARGS__})

/* For `workers`: no thread is ever started, and the host calls impact_health_pump. */
#define IMPACT_HEALTH_NO_THREADS UINT32_MAX

/* IMPACT_EINVAL: the prefix is no path, does not begin with a slash, or ends with one; what the
 * service is called has more than 255 bytes, control characters or ill-formed UTF-8. Owned by the
 * caller. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_open(impact_health **health,
                                                           const impact_health_options *options);

/* Set both secrets, budget and ignores_unknown_checks anew, each as open would; the other options
 * are not looked at but for their form. Runs, results and tickets stay as they are. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_set(impact_health *health,
                                                          const impact_health_options *options);

/* Without threads: run the checks that were asked for, look at the clock, make the calls that are
 * due. Returns the milliseconds after which it is to be called again, whatever happens before;
 * UINT32_MAX: nothing is due. Does nothing where there are
 * threads, or for NULL. Not to be called in a check or a callback. */
IMPACT_API uint32_t impact_health_pump(impact_health *health);

/* Say in which phase the service is. IMPACT_EINVAL: that is none. */
IMPACT_API impact_status impact_health_set_phase(impact_health *health, impact_health_phase phase);
/* SERVING for NULL. */
IMPACT_API impact_health_phase impact_health_get_phase(impact_health *health);

/* Tell systemd how the service is, from now on, where it asks for that (NOTIFY_SOCKET; else this
 * does nothing): READY=1 once it serves and the checks of _startup hold or are none, STATUS=,
 * STOPPING=1 when it drains, and WATCHDOG=1 while _live holds. IMPACT_EINVAL: the address is
 * none; IMPACT_EEXIST: it is told already. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_notify_systemd(impact_health *health);

/* Stop listening, answer open tickets with what is known, and wait up to grace_ms for runs to end.
 * Returns how many checks are still stuck: their userdata is freed when they return, and the rest
 * of the registry with the last of them and of the tickets. Not to be called in a check or a
 * callback. NULL is accepted. */
IMPACT_API size_t impact_health_close(impact_health *health, uint32_t grace_ms);

/* ---- checks ---- */

/* Runs on a worker thread. It should look at impact_health_remaining_ms and give up by then. */
typedef impact_health_status (*impact_health_check_fn)(impact_health_run *run, void *userdata);

typedef struct impact_check {
    size_t size;
    const char
        *name; /* copied; 1 to 64 bytes of UTF-8, not beginning with _, without commas, control
                         characters and blanks at its ends */
    impact_health_check_fn run; /* NULL: its state is pushed, or it beats; see below */
    void *userdata;             /* borrowed, or taken when free_userdata is set */
    void (*free_userdata)(void *userdata);
    const char *groups;  /* a comma list of names as above that do begin with _; NULL: "_defaults";
                            "": none. Copied.*/
    uint32_t timeout_ms; /* 2000 */
    uint32_t max_age_ms; /* for so long a result is told while the next run is under way; 30000, or
                            two periods and a timeout. Without `run`: for so long nothing need be
                            heard of it; for ever */
    const char *component_type; /* "component", "datastore", "system" or one's own, as a name;
                                   copied; NULL: none */
    impact_health_status failure_status; /* what a failure of any kind is told as: FAIL, or WARN
                                            where the service works without what is checked */
    uint32_t failure_threshold;          /* failures in a row that it takes to fail; 1 */
    uint32_t success_threshold;          /* and results that hold, to hold again; 1 */
    uint32_t period_ms;        /* run so often, whoever asks; 0: run when it is asked for */
    uint32_t initial_delay_ms; /* before the first run of a period */
    uint32_t ttl_ms;           /* for so long a result that holds is told without a run; 0 */
    uint32_t ttl_fail_ms;      /* and one that does not; a third of ttl_ms */
    bool is_external;    /* it looks at something outside of the process; a "datastore" does */
    bool may_be_live;    /* and may be in _live all the same: when that is away, all copies of the
                          service are restarted at once, and again */
    bool may_overlap;    /* a run that is past its deadline does not keep a second one from
                              beginning, on another thread beside it; a third it does */
    bool holds_at_first; /* before its first result it is told as pass, not as unknown; but not
                            when that is late */
} impact_check;

#define IMPACT_CHECK(...) (&(const impact_check){.size = sizeof(impact_check), __VA_ARGS__})

/* Register a check. IMPACT_EEXIST: the name is taken; IMPACT_EINVAL: it or a group's is none, or
 * limits contradict each other; IMPACT_EPERM: it is external, in _live, and not may_be_live;
 * IMPACT_ELIMIT: 1024 are registered. On failure
 * userdata still belongs to the caller. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_add(impact_health *health,
                                                          const impact_check *check);

/* Give the check of this name other groups and limits, and the last place in the order of
 * registration, as add would; its run, its result, `run` and userdata stay as they are.
 * IMPACT_ENOENT: there is none. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_change(impact_health *health,
                                                             const impact_check *check);

/* Take a check out; a run that is under way is left to finish, and userdata freed after it, on any
 * thread. IMPACT_ENOENT: there is none. */
IMPACT_API impact_status impact_health_remove(impact_health *health, const char *name);

/* Milliseconds that a run has left; 0 when its deadline has passed or `run` is NULL. */
IMPACT_API uint32_t impact_health_remaining_ms(const impact_health_run *run);

/* Say why, for the log and for those who may see it: the last word wins, cut at 255 bytes. */
IMPACT_API void impact_health_explain(impact_health_run *run, const char *format, ...)
    IMPACT_PRINTF(2, 3);

/* Say what was measured: the last value wins; `unit` is cut at 31 bytes, NULL is none. What is no
 * finite number is ignored. */
IMPACT_API void impact_health_observe(impact_health_run *run, double value, const char *unit);

/* ---- said from outside ---- */

/* Say what the state of a check without `run` is, until the next time, or for max_age_ms.
 * IMPACT_ENOENT: there is no such check; IMPACT_EINVAL: it has a function, or the status is none.
 * `explanation` is copied, cut at 255 bytes; NULL is none. */
IMPACT_API impact_status impact_health_push(impact_health *health, const char *name,
                                            impact_health_status status, const char *explanation);

/* The pulse of a check without `run` that has a max_age_ms: for a loop or a thread to beat in each
 * round. Owned by the caller; may outlive check and registry. IMPACT_ENOENT: there is no such
 * check; IMPACT_EINVAL: it has a function or no max_age_ms. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_pulse_open(impact_health_pulse **pulse,
                                                                 impact_health *health,
                                                                 const char *name);

/* I am alive: one store. On any thread, safe in a signal handler. NULL is accepted. */
IMPACT_API void impact_health_beat(impact_health_pulse *pulse);
IMPACT_API void impact_health_pulse_close(impact_health_pulse *pulse);

/* The same without a call, which would be a fifth of it, where <time.h> shows the clock. A pulse
 * begins with the moment of its last beat, by that clock, in nanoseconds. */
#ifdef CLOCK_MONOTONIC_COARSE
static inline void impact_health_beat_inline(impact_health_pulse *pulse)
{
    struct timespec now = {0, 0};
    if (!pulse)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* it cannot fail */
    __atomic_store_n((uint64_t *)(void *)pulse,
                     (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, __ATOMIC_RELAXED);
}
#define impact_health_beat(pulse) impact_health_beat_inline(pulse)
#endif

/* Switch a check off, or on again: meanwhile it is not run and told as pass, "disabled".
 * IMPACT_ENOENT: there is none. */
IMPACT_API impact_status impact_health_enable(impact_health *health, const char *name,
                                              bool is_enabled);

/* A check whose function asks something and does not wait, as in an event loop, keeps this token
 * for whoever hears the answer, and returns IMPACT_HEALTH_PENDING: the run goes on without a
 * thread. 0 for NULL. */
IMPACT_API uint64_t impact_health_token(const impact_health_run *run);

/* Say what the run with this token came to, on any thread, also while its function still runs.
 * `explanation` as in push. IMPACT_ENOENT: it has ended, its deadline has passed, or its check was
 * removed; IMPACT_EINVAL: the status is none. */
IMPACT_API impact_status impact_health_complete(impact_health *health, uint64_t token,
                                                impact_health_status status,
                                                const char *explanation);

/* What is told of a check has changed. All is borrowed for the call. */
typedef struct impact_health_transition {
    size_t size;
    const char *name;
    const char *reason;        /* of what is told now; likewise below */
    const char *explanation;   /* not for everybody's eyes; "": none */
    uint64_t lasted_ns;        /* for so long the former was told; an outage, when that was one */
    impact_health_status from; /* UNKNOWN: this is the first that is told */
    impact_health_status to;
} impact_health_transition;

/* Called on a thread of the library, in the order of the changes of each check, never twice at
 * once. It must not wait, as impact_health_done_fn. */
typedef void (*impact_health_transition_fn)(const impact_health_transition *transition,
                                            void *userdata);

/* Have `changed` told of every change from now on, beginning with what each check is now; NULL: no
 * more. The last of several counts. When this returns the former is not being called, nor will be,
 * but where this is called in it. */
IMPACT_API impact_status impact_health_watch(impact_health *health,
                                             impact_health_transition_fn changed, void *userdata);

/* The phase is another one. All is borrowed for the call. */
typedef struct impact_health_phase_change {
    size_t size;
    uint64_t lasted_ns; /* for so long the former was the phase */
    impact_health_phase from;
    impact_health_phase to;
} impact_health_phase_change;

typedef void (*impact_health_phase_fn)(const impact_health_phase_change *change, void *userdata);

/* Likewise for the phase: have `changed` told when it is another one than it was when it was told
 * last, or than now. */
IMPACT_API impact_status impact_health_watch_phase(impact_health *health,
                                                   impact_health_phase_fn changed, void *userdata);

/* ---- asking ---- */

/* Ask for the checks of `selector`, a comma list of names and groups ("_defaults" is one; blanks
 * around names are ignored; each once; empty: none). The ticket is owned by the caller, who
 * finishes or abandons it; it outlives a close. IMPACT_ENOENT: a name is unknown (and the registry
 * minds); IMPACT_ELIMIT: above 256 names, or one above 64 bytes; IMPACT_EINVAL: ill-formed UTF-8 or
 * a control character in one. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_begin(impact_health_ticket **ticket,
                                                            impact_health *health,
                                                            impact_text selector);

/* True when all results are there, or the budget is spent. A forked child's copy of a ticket is
 * done. */
IMPACT_API bool impact_health_is_done(impact_health_ticket *ticket);

/* Called once, on a thread of the library, never in a function of this header, when a ticket is
 * done. It must not wait: it wakes the host (MHD_resume_connection, an eventfd). It may finish the
 * ticket. */
typedef void (*impact_health_done_fn)(void *userdata);

/* Have `done` called. False: the ticket is done already, and `done` will not be called. The last of
 * several counts. */
IMPACT_API IMPACT_CHECKED bool impact_health_notify(impact_health_ticket *ticket,
                                                    impact_health_done_fn done, void *userdata);

/* Wait until it is done: for those who have a thread to spare. */
IMPACT_API void impact_health_wait(impact_health_ticket *ticket);

/* Give the ticket back for a report, owned by the caller, of what is known, done or not: what is
 * not is pending. Afterwards its callback neither runs nor will: a callback that runs is waited
 * for, but in itself. The ticket is gone in any case. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_finish(impact_health_ticket *ticket,
                                                             impact_health_report **report);

/* Give it back for nothing. NULL is accepted. */
IMPACT_API void impact_health_abandon(impact_health_ticket *ticket);

/* All in one: begin, wait, finish. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_probe(impact_health *health,
                                                            impact_text selector,
                                                            impact_health_report **report);

/* One check of a report, in the order asked for. All text is borrowed from the report. `size` is
 * set by the caller. */
typedef struct impact_health_result {
    size_t size;
    impact_text name;
    impact_health_status status;
    const char *reason;   /* "", "error", "timeout", "stale", "pending", "recovering" or
                             "disabled" */
    uint64_t duration_ns; /* of the run; of a stuck one: so far */
    uint64_t age_ns;      /* since that run ended; 0: none has */
    bool is_pending;      /* the run that was asked for had not ended: this is the last that did */
    impact_text explanation;    /* what the check said of this result; not for everybody's eyes */
    impact_text component_type; /* as registered */
    impact_text observed_unit;  /* of the value, when is_observed */
    double observed_value;
    uint64_t failures;               /* in a row, the last result included; a run that hangs is one
                                       more for each time limit that it outlives */
    uint64_t failing_since_unix_ns;  /* when the first of them was known; 0: it does not fail */
    uint64_t ended_unix_ns;          /* when the last result came; 0: none has */
    size_t past_count;               /* results that impact_health_report_past knows */
    impact_health_status raw_status; /* before thresholds and failure_status */
    bool is_observed;
} impact_health_result;

/* One of a check's last 64 results; a stuck run is the newest. `size` is set by the caller. */
typedef struct impact_health_past {
    size_t size;
    uint64_t duration_ns; /* in whole microseconds, at most 71 minutes */
    impact_health_status status;
} impact_health_past;

/* All hold, and the phase holds back none of the groups that were asked for. */
IMPACT_API bool impact_health_report_is_healthy(const impact_health_report *report);
/* The phase at that moment; SERVING for NULL. And true when it makes a group unhealthy that was
 * asked for. */
IMPACT_API impact_health_phase impact_health_report_phase(const impact_health_report *report);
IMPACT_API bool impact_health_report_is_held_back(const impact_health_report *report);
IMPACT_API size_t impact_health_report_count(const impact_health_report *report);
/* False past the end, and `result` untouched. */
IMPACT_API bool impact_health_report_get(const impact_health_report *report, size_t index,
                                         impact_health_result *result);
/* The result that came `back` results before the newest of the check at `index`. False when there
 * is none, and `past` untouched. */
IMPACT_API bool impact_health_report_past(const impact_health_report *report, size_t index,
                                          size_t back, impact_health_past *past);
IMPACT_API void impact_health_report_close(impact_health_report *report);

/* ---- answering ---- */

/* As begin, for a request for one of the paths below the prefix: a handler for hosts with an event
 * loop. The request is borrowed for the call. IMPACT_ENOENT: the path is not one of them. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_begin_answer(
    impact_health_ticket **ticket, impact_health *health, const impact_http_request *request);

/* As finish, for a ticket of begin_answer. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_finish_answer(impact_health_ticket *ticket,
                                                                    impact_http_response *response);

/* All in one, for any host with a thread to spare: a pure function of the request and the checks'
 * results. `health` is an impact_health; it has this type so that it can be passed as
 * impact_http_handler_fn. May be called from any number of threads. */
IMPACT_API bool impact_health_answer(void *health, const impact_http_request *request,
                                     impact_http_response *response);

/* Serve the paths on a port of its own: "127.0.0.1:8081", "[::1]:8081", ":8081", port 0 takes a
 * free one; or on a Unix socket: "unix:/run/a.sock", "unix:@name". IMPACT_EINVAL: it is no address;
 * IMPACT_ESYSTEM: it cannot be bound, or no thread starts; IMPACT_EEXIST: this registry listens
 * already. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_listen(impact_health *health,
                                                             const char *address);

/* The port that it listens on; 0 when it does not, or on a Unix socket. */
IMPACT_API uint16_t impact_health_port(const impact_health *health);

/* ---- provided checks ---- */

/* Hold always, and never. */
IMPACT_API impact_health_status impact_check_true(impact_health_run *run, void *userdata);
IMPACT_API impact_health_status impact_check_false(impact_health_run *run, void *userdata);

/* ---- metrics ---- */

/* Have answers in OpenMetrics show, behind the checks, what `read` has: impact_trace_read_metrics,
 * say. It is called with `source`, borrowed until close, by whoever answers, and must not wait. No
 * two may have a metric of one name. IMPACT_EINVAL; IMPACT_ELIMIT: there are eight. */
IMPACT_API IMPACT_CHECKED impact_status impact_health_add_metrics(impact_health *health,
                                                                  impact_metric_source *read,
                                                                  void *source);

#ifdef __cplusplus
}
#endif

#endif
