/* A multi handle, a server for its transfers, and spans that are recorded. */
#include "pool.h"

#include "support/check.h"

bool pool_open(pool *p)
{
    echo_open(&p->server);
    p->multi = curl_multi_init();
    return p->multi && spans_open();
}

void pool_close(pool *p)
{
    CHECK_EQUAL(curl_multi_cleanup(p->multi), CURLM_OK);
    spans_close();
    echo_close(&p->server);
}

void pool_drive(CURLM *multi)
{
    int running = 1;
    while (curl_multi_perform(multi, &running) == CURLM_OK && running)
        CHECK_EQUAL(curl_multi_poll(multi, NULL, 0, pool_wait_ms, NULL), CURLM_OK);
    CHECK_EQUAL(running, 0);
}

int pool_collect(CURLM *multi)
{
    int good = 0;
    int left = 0;
    for (const CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        good += message->data.result == CURLE_OK;
        CHECK_EQUAL(curl_multi_remove_handle(multi, message->easy_handle), CURLM_OK);
    }
    return good;
}

void pool_add(pool *p, client *to, const char *target)
{
    client_open(to, p->server.port, target);
    CHECK_EQUAL(curl_multi_add_handle(p->multi, to->easy), CURLM_OK);
}
