/* Whether bytes are an ExportTraceServiceRequest, through all the messages in it. */
#ifndef IMPACT_CLI_VIEW_WELL_FORMED_H
#define IMPACT_CLI_VIEW_WELL_FORMED_H

#include <stdbool.h>

#include <impact/text.h>

/* What lies deeper than IMPACT__OTLP_DEPTH_LIMIT is not looked at: nobody here does. */
bool view_is_well_formed(impact_text request);

#endif
