/* The checks of <impact/checks.h> by their names, with options from a dict: the core runs them, and
 * needs no interpreter for it. */
#include "core.h"

#include <stddef.h>
#include <string.h>

#include <impact/checks.h>

#define WORD_LIMIT 257 /* of a program's argv, and the NULL behind */

typedef enum option_type {
    OPTION_TEXT,   /* const char * */
    OPTION_NUMBER, /* double */
    OPTION_COUNT,  /* uint32_t */
    OPTION_SWITCH, /* bool */
    OPTION_WORDS   /* const char *const *, ended by NULL */
} option_type;

typedef struct option {
    const char *name; /* NULL: the last */
    option_type type;
    size_t offset;
} option;

typedef struct kind {
    const char *name;
    size_t size; /* of its options */
    size_t name_at;
    size_t groups_at;
    size_t timeout_at;
    const option *options;
    impact_status (*add)(impact_health *health, const void *options);
} kind;

/* Any of their structs, and what it points to. */
typedef struct filled {
    union {
        size_t size;
        impact_check_disk_options disk;
        impact_check_dns_options dns;
        impact_check_file_age_options file_age;
        impact_check_load_options load;
        impact_check_memory_options memory;
        impact_check_ntp_options ntp;
        impact_check_process_options process;
        impact_check_program_options program;
        impact_check_rabbitmq_options rabbitmq;
        impact_check_redis_options redis;
        impact_check_tcp_options tcp;
    } options;
    const char *words[WORD_LIMIT];
} filled;

/* ---- the kinds ---- */

#define AT(kind, member) offsetof(impact_check_##kind##_options, member)
#define OPTION(kind, member, type)                                                                 \
    {                                                                                              \
#member, type, AT(kind, member)                                                            \
    }
#define KIND(kind, ...)                                                                            \
    static const option kind##_options[] = {__VA_ARGS__, {NULL, OPTION_TEXT, 0}};                  \
    static impact_status kind##_add(impact_health *health, const void *options)                    \
    {                                                                                              \
        return impact_health_add_##kind(health, options);                                          \
    }
#define ROW(kind)                                                                                  \
    {                                                                                              \
#kind, sizeof(impact_check_##kind##_options), AT(kind, name), AT(kind, groups),            \
            AT(kind, timeout_ms), kind##_options, kind##_add                                       \
    }

KIND(disk, OPTION(disk, path, OPTION_TEXT), OPTION(disk, warn_percent, OPTION_NUMBER),
     OPTION(disk, fail_percent, OPTION_NUMBER), OPTION(disk, allows_remote, OPTION_SWITCH))
KIND(dns, OPTION(dns, host, OPTION_TEXT), OPTION(dns, server, OPTION_TEXT),
     OPTION(dns, least_addresses, OPTION_COUNT))
KIND(file_age, OPTION(file_age, path, OPTION_TEXT), OPTION(file_age, warn_seconds, OPTION_NUMBER),
     OPTION(file_age, fail_seconds, OPTION_NUMBER))
KIND(load, OPTION(load, warn_per_processor, OPTION_NUMBER),
     OPTION(load, fail_per_processor, OPTION_NUMBER), OPTION(load, minutes, OPTION_COUNT))
KIND(memory, OPTION(memory, warn_percent, OPTION_NUMBER),
     OPTION(memory, fail_percent, OPTION_NUMBER))
KIND(ntp, OPTION(ntp, server, OPTION_TEXT), OPTION(ntp, warn_ms, OPTION_NUMBER),
     OPTION(ntp, fail_ms, OPTION_NUMBER))
KIND(process, OPTION(process, command, OPTION_TEXT), OPTION(process, pid_file, OPTION_TEXT),
     OPTION(process, least, OPTION_COUNT))
KIND(program, OPTION(program, argv, OPTION_WORDS))
KIND(rabbitmq, OPTION(rabbitmq, address, OPTION_TEXT), OPTION(rabbitmq, user, OPTION_TEXT),
     OPTION(rabbitmq, password, OPTION_TEXT), OPTION(rabbitmq, virtual_host, OPTION_TEXT))
KIND(redis, OPTION(redis, address, OPTION_TEXT), OPTION(redis, user, OPTION_TEXT),
     OPTION(redis, password, OPTION_TEXT))
KIND(tcp, OPTION(tcp, address, OPTION_TEXT), OPTION(tcp, send, OPTION_TEXT),
     OPTION(tcp, expect, OPTION_TEXT))

static const kind kinds[] = {
    ROW(disk),    ROW(dns),     ROW(file_age), ROW(load),  ROW(memory), ROW(ntp),
    ROW(process), ROW(program), ROW(rabbitmq), ROW(redis), ROW(tcp),
};

static const kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    PyErr_Format(PyExc_ValueError, "there is no check '%s'", name);
    return NULL;
}

static const option *find_option(const kind *of, const char *name)
{
    for (const option *o = of->options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    PyErr_Format(PyExc_TypeError, "the check '%s' has no option '%s'", of->name, name);
    return NULL;
}

/* ---- a value ---- */

static bool put_text(const char **to, PyObject *value)
{
    *to = name_text(value);
    return *to != NULL;
}

static bool put_number(double *to, PyObject *value)
{
    *to = PyFloat_AsDouble(value);
    return !PyErr_Occurred();
}

static bool put_count(uint32_t *to, PyObject *value)
{
    const unsigned long count = PyLong_AsUnsignedLong(value);
    if (PyErr_Occurred())
        return false;
    if (count > UINT32_MAX) {
        PyErr_Format(PyExc_OverflowError, "%lu is too large", count);
        return false;
    }
    *to = (uint32_t)count;
    return true;
}

/* A tuple of texts. */
static bool put_words(filled *f, const char *const **to, PyObject *value)
{
    if (!PyTuple_Check(value) || PyTuple_Size(value) >= WORD_LIMIT) {
        PyErr_Format(PyExc_ValueError, "not a tuple of at most %d texts", WORD_LIMIT - 1);
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_Size(value); i++)
        if (!put_text(&f->words[i], PyTuple_GetItem(value, i)))
            return false;
    *to = f->words;
    return true;
}

static bool put(filled *f, const option *o, PyObject *value)
{
    void *to = (char *)&f->options + o->offset;
    switch (o->type) {
    case OPTION_TEXT:
        return put_text(to, value);
    case OPTION_NUMBER:
        return put_number(to, value);
    case OPTION_COUNT:
        return put_count(to, value);
    case OPTION_WORDS:
        return put_words(f, to, value);
    case OPTION_SWITCH:
        *(bool *)to = PyObject_IsTrue(value) == 1;
        break;
    }
    return !PyErr_Occurred();
}

/* None is not set. */
static bool fill(filled *f, const kind *of, PyObject *options)
{
    Py_ssize_t position = 0;
    PyObject *key = NULL;
    PyObject *value = NULL;
    while (PyDict_Next(options, &position, &key, &value)) {
        const char *name = name_text(key);
        const option *o = name ? find_option(of, name) : NULL;
        if (!o || (value != Py_None && !put(f, o, value)))
            return false;
    }
    return true;
}

/* ---- registering ---- */

/* What all options have: where it stands is the kind's. */
static void fill_common(filled *f, const kind *of, const char *name, const char *groups,
                        uint32_t timeout_ms)
{
    char *base = (char *)&f->options;
    f->options.size = of->size;
    memcpy(base + of->name_at, &name, sizeof name);
    memcpy(base + of->groups_at, &groups, sizeof groups);
    memcpy(base + of->timeout_at, &timeout_ms, sizeof timeout_ms);
}

static PyObject *add(impact_health *health, const kind *of, const filled *f, const char *name)
{
    gil_give_away();
    const impact_status status = of->add(health, &f->options);
    gil_take_back();
    if (!status)
        Py_RETURN_NONE;
    raise_status(status, name);
    return NULL;
}

PyObject *provided_add(impact_health *health, uint32_t timeout_ms, PyObject *arguments)
{
    PyObject *name = NULL;
    PyObject *options = NULL;
    const char *kind_name = NULL;
    const char *groups = NULL;
    unsigned own_timeout_ms = 0;
    filled f;
    if (!PyArg_ParseTuple(arguments, "UssO!I:add_provided", &name, &groups, &kind_name,
                          &PyDict_Type, &options, &own_timeout_ms))
        return NULL;
    const char *text = name_text(name);
    const kind *of = text ? find_kind(kind_name) : NULL;
    memset(&f, 0, sizeof f); /* an initialiser is for one member of a union only */
    if (!of || !fill(&f, of, options))
        return NULL;
    fill_common(&f, of, text, groups, own_timeout_ms ? own_timeout_ms : timeout_ms);
    return add(health, of, &f, text);
}
