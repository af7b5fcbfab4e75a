/* The words of `impact view`. */
#ifndef IMPACT_CLI_VIEW_VIEW_ARGUMENTS_H
#define IMPACT_CLI_VIEW_VIEW_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct view_arguments {
    const char *listen;      /* for HTTP */
    const char *grpc;        /* for gRPC */
    const char *certificate; /* for HTTP, in PEM: files; NULL: there is no TLS */
    const char *key;
    size_t span_limit; /* 0: the default; likewise below */
    size_t size_limit;
    const char *keep;   /* the file; NULL: none */
    bool follows;       /* prints traces as they come to rest */
    bool has_screen;    /* shows them on the terminal, full screen */
    char *const *files; /* behind the options; borrowed */
    int file_count;
    bool wants_help;
    bool wants_version;
    const char *problem; /* NULL: none */
    const char *problem_word;
} view_arguments;

/* Read the words behind "view". */
void view_arguments_parse(view_arguments *to, int count, char *const *words);

extern const char view_usage[];

#endif
