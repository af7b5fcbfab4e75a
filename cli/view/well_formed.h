/* Whether bytes are an ExportTraceServiceRequest, through all the messages in it. */
#ifndef IMPACT_CLI_VIEW_WELL_FORMED_H
#define IMPACT_CLI_VIEW_WELL_FORMED_H

#include <stddef.h>

#include <impact/text.h>

#include "export/otlp_schema.h"
#include "slice.h"

/* A message around the place that is looked at. */
typedef struct view_check_frame {
    const impact__otlp_message *of;
    impact_text rest;
} view_check_frame;

typedef struct view_check {
    view_check_frame frames[IMPACT__OTLP_DEPTH_LIMIT];
    size_t depth;
} view_check;

/* What lies deeper than IMPACT__OTLP_DEPTH_LIMIT is not looked at: nobody here does. `request` is
 * borrowed until it is done. */
void view_check_begin(view_check *check, impact_text request);
view_progress view_check_some(view_check *check, view_slice *slice);

/* All at once. */
bool view_is_well_formed(impact_text request);

#endif
