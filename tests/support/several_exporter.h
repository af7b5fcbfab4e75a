/* An exporter that may have several batches at once, each of which is over when the test says so.
 */
#ifndef IMPACT_TESTS_SEVERAL_EXPORTER_H
#define IMPACT_TESTS_SEVERAL_EXPORTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <impact/exporter.h>

#include "base/alloc.h"
#include "base/thread.h"
#include "support/check.h"

enum { several_lines = 16, several_exports = 1024 };

typedef struct several_line {
    impact_exporter exporter; /* first: a pointer to it is a pointer to this */
    int gate;                 /* readable when its export is to be looked at */
    unsigned export;          /* that it has, from 1 in the order of their beginning; 0: none */
    const impact_batch *batch;
    uint32_t timeout_ms;
    const impact_allocator *allocator;
} several_line;

static struct several {
    const impact_allocator *allocator; /* for the lines to come */
    bool minds_nobody;                 /* not even an interruption */
    pthread_mutex_t lock;              /* guards all below */
    pthread_cond_t changed;
    several_line *lines[several_lines]; /* allocated, as an exporter's are */
    unsigned line_count;
    unsigned begun; /* exports */
    unsigned under_way;
    unsigned most_under_way;
    unsigned highest_line; /* that had one */
    unsigned interrupted;  /* lines; likewise the next two */
    unsigned hastened;
    unsigned closed;
    unsigned closed_first; /* which was closed last */
    struct {
        bool is_answered;
        impact_status answer;
        size_t rejects;
        size_t spans;
        uint32_t timeout_ms;
    } exports[several_exports + 1];
} several;

static inline several_line *several_line_of(impact_exporter *exporter)
{
    return (several_line *)exporter;
}

static inline impact_status several_never(impact_exporter *exporter, const impact_batch *batch,
                                          uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)batch, (void)timeout_ms, (void)rejected;
    CHECK(false && "a thread waits for an export");
    return IMPACT_EEXPORT;
}

static inline unsigned several_place(const several_line *line)
{
    unsigned place = 0;
    while (several.lines[place] != line)
        place++;
    return place;
}

static inline void several_begin(impact_exporter *exporter, const impact_batch *batch,
                                 uint32_t timeout_ms)
{
    several_line *line = several_line_of(exporter);
    uint64_t count;
    (void)!read(line->gate, &count, sizeof count);
    (void)pthread_mutex_lock(&several.lock);
    CHECK(several.begun < several_exports);
    line->export = ++several.begun;
    line->batch = batch;
    several.exports[line->export].spans = batch->span_count;
    several.exports[line->export].timeout_ms = timeout_ms;
    several.under_way++;
    if (several.under_way > several.most_under_way)
        several.most_under_way = several.under_way;
    if (several_place(line) > several.highest_line)
        several.highest_line = several_place(line);
    (void)pthread_cond_broadcast(&several.changed);
    (void)pthread_mutex_unlock(&several.lock);
}

static inline void several_advance(impact_exporter *exporter, impact_export_progress *progress)
{
    several_line *line = several_line_of(exporter);
    (void)pthread_mutex_lock(&several.lock);
    CHECK(line->export && progress->size == sizeof *progress);
    const bool is_cut = several.interrupted && !several.minds_nobody;
    progress->is_over = several.exports[line->export].is_answered || is_cut;
    progress->status = several.exports[line->export].is_answered
                           ? several.exports[line->export].answer
                           : IMPACT_ECLOSED;
    progress->rejected = several.exports[line->export].rejects;
    progress->descriptor = line->gate;
    if (progress->is_over) {
        line->export = 0;
        several.under_way--;
    }
    (void)pthread_mutex_unlock(&several.lock);
}

static inline void several_ring(const several_line *line)
{
    const uint64_t once = 1;
    CHECK(write(line->gate, &once, sizeof once) == sizeof once);
}

static inline void several_interrupt(impact_exporter *exporter)
{
    (void)pthread_mutex_lock(&several.lock);
    several.interrupted++;
    several_ring(several_line_of(exporter));
    (void)pthread_mutex_unlock(&several.lock);
}

static inline void several_hasten(impact_exporter *exporter, uint32_t timeout_ms)
{
    (void)exporter, (void)timeout_ms;
    (void)pthread_mutex_lock(&several.lock);
    several.hastened++;
    (void)pthread_mutex_unlock(&several.lock);
}

static inline void several_close(impact_exporter *exporter)
{
    several_line *line = several_line_of(exporter);
    (void)pthread_mutex_lock(&several.lock);
    several.closed++;
    several.closed_first = line == several.lines[0] ? several.closed : several.closed_first;
    (void)pthread_cond_broadcast(&several.changed);
    (void)pthread_mutex_unlock(&several.lock);
    (void)close(line->gate);
    impact__free(line->allocator, line);
}

static inline impact_status several_open_line(impact_exporter **exporter);

static inline impact_status several_open_another(impact_exporter **another,
                                                 impact_exporter *exporter)
{
    CHECK(exporter == &several.lines[0]->exporter);
    return several_open_line(another);
}

static inline impact_status several_open_line(impact_exporter **exporter)
{
    several_line *line = impact__alloc(several.allocator, sizeof *line);
    if (!line)
        return IMPACT_ENOMEM;
    *line = (several_line){
        .exporter = {.size = sizeof(impact_exporter),
                     .name = "several",
                     .export_batch = several_never,
                     .interrupt = several_interrupt,
                     .close = several_close,
                     .hasten = several_hasten,
                     .begin_export = several_begin,
                     .advance_export = several_advance,
                     .open_another = several_open_another},
        .gate = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .allocator = several.allocator,
    };
    CHECK(several.line_count < several_lines);
    several.lines[several.line_count++] = line;
    *exporter = &line->exporter;
    return IMPACT_OK;
}

/* The first of them. */
static inline impact_exporter *several_exporter_open(const impact_allocator *allocator)
{
    impact_exporter *exporter = NULL;
    memset(&several, 0, sizeof several);
    several.allocator = allocator;
    (void)pthread_mutex_init(&several.lock, NULL);
    CHECK(impact__condition_open(&several.changed) == 0);
    CHECK(several_open_line(&exporter) == IMPACT_OK);
    return exporter;
}

/* That export is over, or will be when it begins. */
static inline void several_answer_with(unsigned export, impact_status status, size_t rejects)
{
    (void)pthread_mutex_lock(&several.lock);
    several.exports[export].is_answered = true;
    several.exports[export].answer = status;
    several.exports[export].rejects = rejects;
    for (unsigned i = 0; i < several.line_count; i++)
        if (several.lines[i]->export == export)
            several_ring(several.lines[i]);
    (void)pthread_mutex_unlock(&several.lock);
}

static inline void several_answer(unsigned export, impact_status status)
{
    several_answer_with(export, status, 0);
}

/* All from that one on end so, once they begin. */
static inline void several_answer_from(unsigned export, impact_status status)
{
    for (unsigned i = export; i <= several_exports; i++)
        several_answer(i, status);
}

static inline unsigned several_begun(void)
{
    (void)pthread_mutex_lock(&several.lock);
    const unsigned begun = several.begun;
    (void)pthread_mutex_unlock(&several.lock);
    return begun;
}

#endif
