/* Wrong secrets, each at another byte, and the right ones: whether a request is let in, in a
 * function whose instructions callgrind counts. constant_time.py runs this program. */
#include "health/secret.h"

#include <stdlib.h>
#include <string.h>

enum { secret_size = 32 };

static impact_text header(void *guess, const char *name)
{
    return impact_text_of(strcmp(name, "x-health-secret") == 0 ? guess : NULL);
}

/* Not inlined and not static, so that callgrind meets it under its name. */
impact__admission counted_admission(impact_health *health, const impact_http_request *request);

__attribute__((noinline)) impact__admission counted_admission(impact_health *health,
                                                              const impact_http_request *request)
{
    return impact__admit(health, request);
}

static void ask(impact_health *health, char *guess, impact__admission should)
{
    const impact_http_request request = {
        .size = sizeof request, .header = header, .carrier = guess};
    if (counted_admission(health, &request) != should)
        abort();
}

int main(void)
{
    char guess[secret_size + 1] = "";
    impact_health *health = NULL;
    if (impact_health_open(
            &health, IMPACT_HEALTH_OPTIONS(.secret = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                           .second_secret = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")))
        abort();
    memset(guess, 'x', secret_size);
    ask(health, guess, IMPACT__REFUSED); /* the loader resolves what it calls */
    for (size_t i = 0; i < secret_size; i++) {
        memset(guess, 'a', secret_size);
        guess[i] = 'b';
        ask(health, guess, IMPACT__REFUSED);
        memset(guess, 'b', secret_size);
        guess[i] = 'a';
        ask(health, guess, IMPACT__REFUSED);
    }
    (void)impact_health_close(health, 0);
    return 0;
}
