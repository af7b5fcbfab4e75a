/* The secret: found in a request, and compared. */
#include "health/secret.h"

#include <assert.h>

#include "base/text.h"
#include "health/query.h"

static bool is_equal(const char *secret, impact_text given)
{
    return secret && impact__text_equal_in_constant_time(impact_text_of(secret), given);
}

/* Both are compared, whichever it is. They may be set anew meanwhile, hence the lock. */
static bool is_a_secret(impact_health *health, impact_text given)
{
    impact__health_lock(health);
    const bool is_first = is_equal(health->secret, given);
    const bool is_second = is_equal(health->second_secret, given);
    impact__health_unlock(health);
    return is_first || is_second;
}

static bool asks_for_one(impact_health *health)
{
    impact__health_lock(health);
    const bool asks = health->secret || health->second_secret;
    impact__health_unlock(health);
    return asks;
}

static bool is_in_query(impact_health *health, impact_text query)
{
    char decoded[IMPACT__QUERY_LIMIT];
    size_t size = 0;
    impact_text value;
    assert(query.size <= sizeof decoded);
    return impact__query_find(&value, query, "auth") &&
           impact__percent_decode(decoded, &size, value, true) &&
           is_a_secret(health, impact_text_from(decoded, size));
}

/* RFC 6750 2.1; the scheme's name is compared without case (RFC 9110 11.1). */
static bool is_in_authorization(impact_health *health, const impact_http_request *request)
{
    impact_text token = impact__text_trim(request->header(request->carrier, "authorization"));
    impact_text scheme;
    return impact__text_split(&scheme, &token, ' ') &&
           impact__text_equal_ignoring_case(scheme, impact_text_of("Bearer")) &&
           is_a_secret(health, impact__text_trim(token));
}

static bool is_in_header_of_its_own(impact_health *health, const impact_http_request *request)
{
    const impact_text value = request->header(request->carrier, "x-health-secret");
    return value.size && is_a_secret(health, impact__text_trim(value));
}

impact__admission impact__admit(impact_health *health, const impact_http_request *request)
{
    if (!asks_for_one(health))
        return IMPACT__ADMITTED;
    const bool is_in_headers = request->header && (is_in_authorization(health, request) ||
                                                   is_in_header_of_its_own(health, request));
    return is_in_headers || is_in_query(health, request->query) ? IMPACT__TRUSTED : IMPACT__REFUSED;
}
