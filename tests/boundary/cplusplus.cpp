// A C++17 program: IMPACT_SPAN is a declaration there, too. Its exit status says what is wrong.
#include <stdexcept>

#include <impact/context.h>
#include <impact/trace.h>

static int rounds;

static void leave_by_exception()
{
    IMPACT_SPAN(span, "exception");
    impact_span_set(span, impact_bool("is.thrown", true));
    throw std::runtime_error("out");
}

static bool is_right()
{
    for (int i = 0; i < 3; i++) {
        IMPACT_SPAN(span, "loop");
        if (impact_span_current() != span)
            return false;
        if (i == 1)
            continue;
        rounds++;
    }
    try {
        IMPACT_SPAN(outer, "outer");
        leave_by_exception();
    } catch (const std::exception &) {
        rounds++;
    }
    return rounds == 3 && !impact_span_current();
}

int main()
{
    impact_exporter *memory = nullptr;
    if (impact_exporter_memory_open(&memory, nullptr))
        return 2;
    impact_trace_options options = {};
    options.size = sizeof options;
    options.exporters = &memory;
    options.exporter_count = 1;
    if (impact_trace_init(&options))
        return 3;
    if (!is_right())
        return 4;
    if (impact_trace_flush(10000) || !impact_exporter_memory_data(memory).size)
        return 5;
    return impact_trace_shutdown(10000) ? 6 : 0;
}
