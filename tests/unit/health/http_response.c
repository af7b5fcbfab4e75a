/* A response is given back. */
#include <impact/http.h>

#include "base/alloc.h"
#include "support/check.h"
#include "support/faults.h"

TEST(a_cleared_response_has_given_back_its_memory_and_is_empty)
{
    faults f;
    faults_open(&f);
    impact_http_response response = {.status = 200, .header_count = 1, .allocator = &f.allocator};
    response.memory = impact__copy(&f.allocator, "pong", 4);
    response.body = impact_text_from(response.memory, 4);
    impact_http_response_clear(&response);
    faults_close(&f);
    CHECK(!response.status && !response.header_count && !response.body.data && !response.memory);
    impact_http_response_clear(&response);
}

TEST(null_is_no_response_to_clear)
{
    impact_http_response_clear(NULL);
    impact_http_response_clear(&(impact_http_response){0});
}
