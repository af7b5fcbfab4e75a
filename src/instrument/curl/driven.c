/* One transfer of a check. */
#include "driven.h"

#include <stddef.h>

#include <impact/process.h>

#include "base/once.h"

enum { longest_wait_ms = 1000 };

/* ---- libcurl itself ---- */

static impact__once start_once;
static impact_status start_status;

/* Here, where no thread of ours runs yet: it is not safe everywhere at first use. */
static void start_libcurl(void)
{
    start_status = curl_global_init(CURL_GLOBAL_DEFAULT) ? IMPACT_ENOMEM : impact_door_watch();
}

static impact_status examine(const char *url)
{
    CURLU *parsed = curl_url();
    if (!parsed)
        return IMPACT_ENOMEM;
    const CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, 0);
    curl_url_cleanup(parsed);
    if (code == CURLUE_OUT_OF_MEMORY)
        return IMPACT_ENOMEM;
    return code == CURLUE_OK ? IMPACT_OK : IMPACT_EINVAL;
}

impact_status impact__driven_prepare(const char *url)
{
    const impact_status status = examine(url);
    if (status)
        return status;
    impact__once_do(&start_once, start_libcurl);
    return start_status;
}

/* ---- a transfer ---- */

/* Until something can be done, be it to give up: libcurl has the time limit. False: the process
 * ends. */
static bool wait_outside(CURLM *multi)
{
    impact_door_leave();
    (void)curl_multi_poll(multi, NULL, 0, longest_wait_ms,
                          NULL); /* if it fails, the transfer does */
    return impact_door_enter();
}

static CURLcode result_of(CURLM *multi)
{
    int left = 0;
    const CURLMsg *ended = curl_multi_info_read(multi, &left);
    return ended ? ended->data.result : CURLE_OUT_OF_MEMORY;
}

/* Inside the door. False: the process ends, the door was shut, and the transfer hangs in the air.
 * A judge may still ask the connection afterwards, so the handle is taken out by who calls. */
static bool perform(const impact__driven *driven, CURLcode *code)
{
    *code = CURLE_OUT_OF_MEMORY;
    if (curl_multi_add_handle(driven->multi, driven->easy))
        return true;
    CURLMcode state;
    int running = 1;
    while ((state = curl_multi_perform(driven->multi, &running)) == CURLM_OK && running)
        if (!wait_outside(driven->multi))
            return false;
    if (state == CURLM_OK)
        *code = result_of(driven->multi);
    return true;
}

/* The limits that every transfer of a check has. */
static bool set_limits(CURL *easy, long remaining_ms)
{
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, remaining_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, remaining_ms) == CURLE_OK;
}

typedef struct task {
    impact_health_run *run;
    impact__driven_set_fn set;
    impact__driven_judge_fn judge;
    void *userdata;
} task;

/* As perform; the status is FAIL before. */
static bool do_it(const impact__driven *driven, const task *t, impact_health_status *status)
{
    CURLcode code;
    const long remaining_ms = (long)impact_health_remaining_ms(t->run);
    if (!remaining_ms) { /* to libcurl, 0 is no limit */
        impact_health_explain(t->run, "no time is left");
        return true;
    }
    if (!set_limits(driven->easy, remaining_ms) || !t->set(driven->easy, t->userdata)) {
        impact_health_explain(t->run, "libcurl refuses an option");
        return true;
    }
    if (!perform(driven, &code))
        return false;
    *status = t->judge(t->run, driven->easy, code, t->userdata);
    if (driven->is_left)
        return false;
    (void)curl_multi_remove_handle(driven->multi, driven->easy); /* it may not have been added */
    return true;
}

/* As perform. */
static bool run_inside(impact__driven *driven, const task *t, impact_health_status *status)
{
    driven->easy = curl_easy_init();
    driven->multi = driven->easy ? curl_multi_init() : NULL;
    if (!driven->multi)
        impact_health_explain(t->run, "no memory");
    else if (!do_it(driven, t, status))
        return false;
    (void)curl_multi_cleanup(driven->multi); /* nothing is in it */
    curl_easy_cleanup(driven->easy);
    *driven = (impact__driven){0};
    return true;
}

impact_health_status impact__driven_run(impact__driven *driven, impact_health_run *run,
                                        impact__driven_set_fn set, impact__driven_judge_fn judge,
                                        void *userdata)
{
    const task t = {run, set, judge, userdata};
    impact_health_status status = IMPACT_HEALTH_FAIL;
    if (!impact_door_enter() || !run_inside(driven, &t, &status))
        impact_health_explain(run, "the process ends");
    else
        impact_door_leave();
    return status;
}
