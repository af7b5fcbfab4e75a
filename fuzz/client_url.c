/* What a client's span tells of a URL: any text, and no secret that stands where secrets stand. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instrument/curl/url_facts.h"

enum { input_limit = 1024 };

#define SECRET "hunter2hunter2"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static bool contains(impact_text text, const char *part)
{
    return text.size && memmem(text.data, text.size, part, strlen(part));
}

/* False: the secret is in an attribute. */
static bool tells_no_secret(const char *url, long port)
{
    impact__url_facts facts;
    impact__start_attributes attributes = {.count = 0};
    bool is_kept = true;
    impact__url_facts_open(&facts, &attributes, url, port);
    for (size_t i = 0; i < attributes.count; i++) {
        const impact_value *value = &attributes.items[i].value;
        if (value->type == IMPACT_VALUE_INT)
            must(value->integer >= 0 && value->integer <= UINT16_MAX);
        else if (contains(impact_text_from(value->string, value->count), SECRET))
            is_kept = false;
    }
    impact__url_facts_close(&facts);
    return is_kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char input[input_limit + 1] = "";
    char url[input_limit + 128];
    if (size)
        memcpy(input, data, size < input_limit ? size : input_limit);
    (void)impact__url_is_http(input);
    (void)tells_no_secret(input, 0);
    if (strstr(input, SECRET))
        return 0;
    (void)snprintf(url, sizeof url, "http://me:" SECRET "@%s", input);
    must(tells_no_secret(url, 0));
    (void)snprintf(url, sizeof url, "https://" SECRET "@%s", input);
    must(tells_no_secret(url, 8080));
    (void)snprintf(url, sizeof url, "http://h/a?auth=" SECRET "%s", input);
    must(tells_no_secret(url, 0));
    (void)snprintf(url, sizeof url, "http://h/%%23?a=b#sig=" SECRET "%s", input);
    must(tells_no_secret(url, 0));
    return 0;
}
