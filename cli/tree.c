/* impact-tree: prints traces from files as one waterfall, whatever processes wrote them.
 *
 * Each file is an opentelemetry.proto.trace.v1.TracesData, or the body of an OTLP/HTTP request,
 * which has the same form.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <impact/exporter.h>

enum {
    file_limit = 1024,
    read_size = 64 * 1024,
};

/* Bytes of a file, in memory from the library's door. */
typedef struct content {
    char *data;
    size_t size;
    size_t capacity;
} content;

static bool reserve(content *into)
{
    const impact_allocator *memory = impact_allocator_default();
    if (into->capacity - into->size >= read_size)
        return true;
    const size_t capacity = 2 * into->capacity + read_size;
    char *data = memory->resize(memory->userdata, into->data, capacity);
    if (!data)
        return false;
    into->data = data;
    into->capacity = capacity;
    return true;
}

static bool read_stream(content *into, FILE *stream)
{
    size_t got = 0;
    do {
        if (!reserve(into)) {
            errno = ENOMEM;
            return false;
        }
        got = fread(into->data + into->size, 1, read_size, stream);
        into->size += got;
    } while (got > 0);
    return !ferror(stream);
}

static bool read_file(content *into, const char *name)
{
    FILE *stream = fopen(name, "rbe");
    const bool is_read = stream && read_stream(into, stream);
    if (!is_read)
        (void)fprintf(stderr, "impact-tree: %s: %s\n", name, strerror(errno));
    if (stream)
        (void)fclose(stream); /* it was only read */
    return is_read;
}

static int print_files(content *contents, char **names, int count)
{
    impact_text texts[file_limit];
    for (int i = 0; i < count; i++) {
        if (!read_file(&contents[i], names[i]))
            return 1;
        texts[i] = impact_text_from(contents[i].data, contents[i].size);
    }
    const impact_status status = impact_tree_print(STDOUT_FILENO, texts, (size_t)count, NULL);
    if (status)
        (void)fprintf(stderr, "impact-tree: %s\n", impact_status_text(status));
    return status ? 1 : 0;
}

int main(int argc, char **argv)
{
    static content contents[file_limit];
    if (argc < 2 || argc > file_limit) {
        (void)fprintf(stderr, "usage: impact-tree FILE...\n"
                              "Prints the traces in the files, each an OTLP TracesData message.\n");
        return 2;
    }
    const int result = print_files(contents, argv + 1, argc - 1);
    const impact_allocator *memory = impact_allocator_default();
    for (int i = 0; i < file_limit; i++)
        memory->release(memory->userdata, contents[i].data);
    return result;
}
