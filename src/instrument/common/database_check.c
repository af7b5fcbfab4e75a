/* A run of a database's check. */
#include "instrument/common/database_check.h"

#include <impact/process.h>

static void *borrow(const impact__database *database, void *check, bool *is_over,
                    impact_health_run *run)
{
    impact_door_leave();
    void *connection = database->borrow(check, impact_health_remaining_ms(run));
    *is_over = !impact_door_enter();
    return connection;
}

static void give_back(const impact__database *database, void *check, void *connection,
                      bool is_usable, bool *is_over)
{
    impact_door_leave();
    database->give_back(check, connection, is_usable);
    *is_over = !impact_door_enter();
}

static bool ask_lent(const impact__database *database, void *check, bool *is_over,
                     impact_health_run *run)
{
    bool is_usable = false;
    void *connection = borrow(database, check, is_over, run);
    if (*is_over)
        return false;
    if (!connection) {
        impact_health_explain(run, "the application lends no connection");
        return false;
    }
    const bool holds = database->ask_lent(check, connection, run, &is_usable);
    if (!*is_over)
        give_back(database, check, connection, is_usable, is_over);
    return holds;
}

impact_health_status impact__database_run(const impact__database *database, void *check,
                                          bool is_lent, bool *is_over, impact_health_run *run)
{
    *is_over = !impact_door_enter();
    const bool holds = !*is_over && (is_lent ? ask_lent(database, check, is_over, run)
                                             : database->ask_own(check, run));
    if (*is_over) {
        impact_health_explain(run, "the process ends");
        return IMPACT_HEALTH_FAIL;
    }
    impact_door_leave();
    return holds ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}
