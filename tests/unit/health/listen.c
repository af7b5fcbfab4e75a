/* Listening: what is refused before a server is opened. Serving is tested with the plugin. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <impact/health.h>

#include "support/check.h"

TEST(an_address_that_is_none_is_refused)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_listen(NULL, "127.0.0.1:0"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1:70000"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_port(health), 0);
    CHECK_EQUAL(impact_health_port(NULL), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_plugin_that_cannot_be_used_is_said_and_does_not_count_as_listening)
{
    char folder[] = "/tmp/impact-listen-XXXXXX";
    char file[sizeof folder + 64];
    REQUIRE(mkdtemp(folder) != NULL);
    (void)snprintf(file, sizeof file, "%s/libimpact-microhttpd.so.0", folder);
    const int descriptor = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(descriptor >= 0);
    (void)close(descriptor); /* it stays empty: no shared object */
    CHECK(setenv("IMPACT_PLUGIN_PATH", folder, 1) == 0);

    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1:0"), IMPACT_EPLUGIN);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1:0"), IMPACT_EPLUGIN); /* not EEXIST */
    CHECK_EQUAL(impact_health_port(health), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
    CHECK(unlink(file) == 0 && rmdir(folder) == 0);
}
