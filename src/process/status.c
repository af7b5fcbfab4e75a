/* The texts of the status codes, and the version. */
#include <impact/status.h>

#define STATUS_CASE(name, value, text)                                                             \
    case name:                                                                                     \
        return text;

const char *impact_status_text(impact_status status)
{
    switch (status) {
        IMPACT_STATUS_TABLE(STATUS_CASE)
    }
    return "unknown status";
}

const char *impact_version(void)
{
    return IMPACT_VERSION; /* set by the build from the project's version */
}
