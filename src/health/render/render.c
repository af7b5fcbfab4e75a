/* Which renderer a format has. */
#include "health/render/render.h"

#include <assert.h>

#include "health/render/report_health_json.h"
#include "health/render/report_html.h"
#include "health/render/report_json.h"
#include "health/render/report_openmetrics.h"
#include "health/render/report_text.h"

void impact__render(impact__buffer *buffer, const impact_health_report *report,
                    const impact__presentation *presentation)
{
    assert(presentation->format < IMPACT__FORMAT_COUNT);
    switch (presentation->format) {
    case IMPACT__FORMAT_HEALTH_JSON:
        impact__render_health_json(buffer, report, presentation);
        return;
    case IMPACT__FORMAT_TEXT:
        impact__render_text(buffer, report, presentation);
        return;
    case IMPACT__FORMAT_OPENMETRICS:
        impact__render_openmetrics(buffer, report, &presentation->metrics);
        return;
    case IMPACT__FORMAT_HTML:
        impact__render_html(buffer, report, presentation);
        return;
    case IMPACT__FORMAT_JSON:
    case IMPACT__FORMAT_COUNT:
        break;
    }
    impact__render_json(buffer, report);
}
