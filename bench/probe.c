/* From the start of a probe's process to its end, against a health port in this process.
 *
 * probe_start_ms: impact-static, which is what an image has; probe_start_linked_ms: impact, linked
 * as usual; probe_start_curl_ms: curl, which most images have for this.
 */
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/health.h>

#include "bench.h"

enum { folder_limit = 4096 };

extern char **environ;

static char static_program[folder_limit + 32];
static char linked_program[folder_limit + 32];
static char url[64];

static void run(const char *const *words)
{
    pid_t child;
    int status = -1;
    /* posix_spawn declares the words writable, and only reads them. */
    char *const *argv = (char *const *)(uintptr_t)words;
    if (posix_spawnp(&child, words[0], NULL, NULL, argv, environ) ||
        waitpid(child, &status, 0) != child || status)
        abort();
}

static void run_static(size_t count)
{
    const char *const words[] = {static_program, "probe", "-q", url, NULL};
    for (size_t i = 0; i < count; i++)
        run(words);
}

static void run_linked(size_t count)
{
    const char *const words[] = {linked_program, "probe", "-q", url, NULL};
    for (size_t i = 0; i < count; i++)
        run(words);
}

static void run_curl(size_t count)
{
    const char *const words[] = {"curl", "--fail", "--silent", "--output", "/dev/null", url, NULL};
    for (size_t i = 0; i < count; i++)
        run(words);
}

/* The programs stand where this one's folder says. */
static void find_programs(void)
{
    char self[folder_limit] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        abort();
    *strrchr(self, '/') = '\0';
    (void)snprintf(static_program, sizeof static_program, "%s/../cli/impact-static", self);
    (void)snprintf(linked_program, sizeof linked_program, "%s/../cli/impact", self);
}

int main(void)
{
    bench_case cases[] = {
        {.name = "probe_start_ms", .run = run_static, .batch_size = 4},
        {.name = "probe_start_linked_ms", .run = run_linked, .batch_size = 4},
        {.name = "probe_start_curl_ms", .run = run_curl, .batch_size = 4},
    };
    impact_health *health = NULL;
    if (impact_health_open(&health, NULL) || impact_health_listen(health, "127.0.0.1:0"))
        abort();
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/health/ping",
                   (unsigned)impact_health_port(health));
    find_programs();
    bench_run(cases, sizeof cases / sizeof *cases);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        bench_print(cases[i].name, bench_median_ns(&cases[i]) / 1e6, "ms");
    return (int)impact_health_close(health, 1000);
}
