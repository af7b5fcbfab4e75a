/* Listening: what is refused before a server is opened. Serving is tested with the plugin. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <impact/health.h>

#include "gate.h"
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

/* ---- closing ---- */

static impact_health *closing;
static bool was_done;

/* A request that comes while the port closes. */
static void ask_while_it_closes(impact_server *server)
{
    (void)server;
    impact_health_ticket *ticket = NULL;
    REQUIRE(impact_health_begin(&ticket, closing, impact_text_of("hung")) == IMPACT_OK);
    was_done = impact_health_is_done(ticket);
    impact_health_abandon(ticket);
}

TEST(who_asks_while_the_port_closes_is_answered_at_once)
{
    static const impact_plugin plugin = {.size = sizeof plugin,
                                         .server_close = ask_while_it_closes};
    gate g;
    gate_open(&g);
    closing = gate_health(1, patience_ms);
    add_gate(closing, "hung", &g, patience_ms);
    impact_health_ticket *first = NULL;
    REQUIRE(impact_health_begin(&first, closing, impact_text_of("hung")) == IMPACT_OK);
    gate_await_run(&g);
    closing->server_plugin = &plugin;
    closing->server = (impact_server *)&g; /* it is only handed to the plugin */
    CHECK_EQUAL(impact_health_close(closing, 0), 1);
    CHECK(was_done && impact_health_is_done(first));
    impact_health_abandon(first);
    gate_release(&g);
    AWAIT(atomic_load(&g.freed) == 1); /* the run is over */
    gate_close(&g);
}
