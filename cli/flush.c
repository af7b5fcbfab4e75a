/* impact-flush: exports what processes left in a journal's directory that were killed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <impact/diagnostics.h>
#include <impact/journal.h>

enum { name_limit = 64, timeout_ms = 60000 };

static int say_usage(FILE *to, int status)
{
    (void)fputs(
        "usage: impact flush DIRECTORY\n"
        "Exports the spans that killed processes left in DIRECTORY (OTEL_C_JOURNAL_DIR), to\n"
        "where OTEL_TRACES_EXPORTER and its variables say; otlp if it is not set.\n",
        to);
    return status;
}

/* The first name of the list. */
static impact_status open_exporter(impact_exporter **exporter, char name[name_limit])
{
    const char *names = getenv("OTEL_TRACES_EXPORTER");
    if (!names || !names[0])
        names = "otlp";
    (void)snprintf(name, name_limit, "%.*s", (int)strcspn(names, ", "), names);
    return impact_exporter_open(exporter, name, NULL);
}

static int flush(impact_exporter *exporter, const char *directory)
{
    impact_journal_result result = {.size = sizeof result};
    const impact_status status = impact_journal_flush(directory, exporter, timeout_ms, &result);
    if (status)
        (void)fprintf(stderr, "impact-flush: %s: %s\n", directory, impact_status_text(status));
    const int written =
        printf("%" PRIu64 " exported, %" PRIu64 " rejected, %" PRIu64 " failed, of %" PRIu32
               " files; %" PRIu32 " set aside; %" PRIu64 " of the spans were open\n",
               result.exported, result.rejected, result.failed, result.files, result.set_aside,
               result.unfinished);
    return status != IMPACT_OK || written < 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return say_usage(stdout, 0);
    if (argc != 2 || argv[1][0] == '-')
        return say_usage(stderr, 2);
    char name[name_limit];
    impact_exporter *exporter = NULL;
    impact_diagnostics_set_callback(impact_diagnostics_to_stderr, NULL);
    const impact_status opened = open_exporter(&exporter, name);
    if (opened) {
        (void)fprintf(stderr, "impact-flush: %s: %s\n", name, impact_status_text(opened));
        return 2;
    }
    const int status = flush(exporter, argv[1]);
    impact_exporter_close(exporter);
    return status;
}
