/* An instrumented libcurl handle that keeps what it gets. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <impact/propagation.h>

#include "listener.h"
#include "support/check.h"

enum { text_count = 3 };

static size_t take(char *data, size_t item_size, size_t count, void *userdata)
{
    client *to = userdata;
    const size_t size = item_size * count;
    if (size < sizeof to->body - to->size) {
        memcpy(to->body + to->size, data, size);
        to->size += size;
        to->body[to->size] = 0;
    }
    return size;
}

const char *client_url(uint16_t port, const char *target)
{
    static _Thread_local char urls[text_count][512];
    static _Thread_local unsigned next;
    char *url = urls[next++ % text_count];
    (void)snprintf(url, sizeof urls[0], "http://127.0.0.1:%u%s", port, target);
    return url;
}

const char *client_traceparent(const impact_span_view *span)
{
    static char texts[text_count][IMPACT_TRACEPARENT_SIZE];
    static unsigned next;
    char *text = texts[next++ % text_count];
    const impact_span_context context = impact_span_context_of_view(span ? &span->context : NULL);
    impact_traceparent_format(text, &context);
    return text;
}

void client_set_target(client *to, uint16_t port, const char *target)
{
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_URL, client_url(port, target)), CURLE_OK);
}

void client_open(client *to, uint16_t port, const char *target)
{
    *to = (client){.easy = curl_easy_init()};
    CHECK(to->easy != NULL);
    client_set_target(to, port, target);
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_WRITEFUNCTION, take), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_WRITEDATA, to), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_NOSIGNAL, 1L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_TIMEOUT_MS, 20000L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(to->easy, CURLOPT_FOLLOWLOCATION, 1L), CURLE_OK);
}

void client_close(client *to)
{
    curl_easy_cleanup(to->easy);
}

CURLcode client_perform(client *to)
{
    to->body[to->size = 0] = 0;
    return curl_easy_perform(to->easy);
}

uint16_t client_dead_port(void)
{
    uint16_t port = 0;
    const int listener = listener_open(&port);
    CHECK(listener >= 0);
    (void)close(listener);
    return port;
}

#undef curl_easy_perform
CURLcode client_perform_past_us(CURL *easy)
{
    return curl_easy_perform(easy);
}
