/* One transfer of a check, driven here rather than by curl_easy_perform, so that a run that waits
 * is outside the door of <impact/process.h> when the process ends. */
#ifndef IMPACT_INSTRUMENT_CURL_DRIVEN_H
#define IMPACT_INSTRUMENT_CURL_DRIVEN_H

#include <stdbool.h>

#include <curl/curl.h>

#include <impact/health.h>

/* Both are left where the process ends. */
typedef struct impact__driven {
    CURL *easy;
    CURLM *multi;
    bool is_left; /* a judge that waited outside has not come in again: the process ends */
} impact__driven;

/* Sets the options of a transfer; false: libcurl refuses one. */
typedef bool (*impact__driven_set_fn)(CURL *easy, void *userdata);

/* Looks at one that has ended, with what curl_easy_perform would have returned. */
typedef impact_health_status (*impact__driven_judge_fn)(impact_health_run *run, CURL *easy,
                                                        CURLcode code, void *userdata);

/* A run of a check: one transfer with a handle of its own, within the run's time. `driven` belongs
 * to the check, since it is left as it is when the process ends. */
impact_health_status impact__driven_run(impact__driven *driven, impact_health_run *run,
                                        impact__driven_set_fn set, impact__driven_judge_fn judge,
                                        void *userdata);

/* Before a check is registered: start libcurl, once, and see that it can read the URL, so that a
 * mistake shows then. IMPACT_EINVAL: it cannot. */
impact_status impact__driven_prepare(const char *url);

#endif
