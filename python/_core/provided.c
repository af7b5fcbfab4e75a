/* The provided checks by their names, with options from a dict: the core runs them, or a plugin of
 * it does, and neither needs the interpreter for it.
 *
 * DESIGN: a plugin is loaded when the first check of its kind is made, so that a package is whole
 * where the library that it needs is not installed, and says so to who asks for it. */
#include "core.h"

#include <stddef.h>
#include <string.h>

#include <impact/checks.h>
#include <impact/curl_checks.h>
#include <impact/mariadb.h>
#include <impact/plugin.h>
#include <impact/postgresql.h>
#include <impact/sqlite_check.h>

#define WORD_LIMIT 257 /* of a program's argv, and the NULL behind */

typedef enum option_type {
    OPTION_TEXT,   /* const char * */
    OPTION_NUMBER, /* double */
    OPTION_COUNT,  /* uint32_t */
    OPTION_CODE,   /* long, from 0 on */
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
    impact_status (*add)(impact_health *health, const void *options); /* NULL: the plugin's */
    const char *plugin;                                               /* NULL: the core's own */
    const char *library; /* what that needs beside the core */
} kind;

/* Any of their structs, and what it points to. */
typedef struct filled {
    union {
        size_t size;
        impact_check_disk_options disk;
        impact_check_dns_options dns;
        impact_check_file_age_options file_age;
        impact_check_http_options http;
        impact_check_load_options load;
        impact_check_mariadb_options mariadb;
        impact_check_memory_options memory;
        impact_check_ntp_options ntp;
        impact_check_postgresql_options postgresql;
        impact_check_process_options process;
        impact_check_program_options program;
        impact_check_rabbitmq_options rabbitmq;
        impact_check_redis_options redis;
        impact_check_sqlite_options sqlite;
        impact_check_tcp_options tcp;
        impact_check_telemetry_options telemetry;
        impact_check_tls_options tls;
    } options;
    const char *words[WORD_LIMIT];
} filled;

/* ---- the kinds ---- */

#define AT(kind, member) offsetof(impact_check_##kind##_options, member)
#define OPTION(kind, member, type)                                                                 \
    {                                                                                              \
#member, type, AT(kind, member)                                                            \
    }
#define OPTIONS(kind, ...)                                                                         \
    static const option kind##_options[] = {__VA_ARGS__, {NULL, OPTION_TEXT, 0}};
#define KIND(kind, ...)                                                                            \
    OPTIONS(kind, __VA_ARGS__)                                                                     \
    static impact_status kind##_add(impact_health *health, const void *options)                    \
    {                                                                                              \
        return impact_health_add_##kind(health, options);                                          \
    }
#define ROW(kind)                                                                                  \
    {                                                                                              \
#kind, sizeof(impact_check_##kind##_options), AT(kind, name), AT(kind, groups),            \
            AT(kind, timeout_ms), kind##_options, kind##_add, NULL, NULL                           \
    }
#define ROW_OF(plugin, library, kind)                                                              \
    {                                                                                              \
#kind, sizeof(impact_check_##kind##_options), AT(kind, name), AT(kind, groups),            \
            AT(kind, timeout_ms), kind##_options, NULL, plugin, library                            \
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
/* Of a check that may be over TLS. */
#define TLS_OPTIONS(kind)                                                                          \
    OPTION(kind, uses_tls, OPTION_SWITCH), OPTION(kind, ca_file, OPTION_TEXT),                     \
        OPTION(kind, certificate_file, OPTION_TEXT), OPTION(kind, key_file, OPTION_TEXT),          \
        OPTION(kind, accepts_untrusted, OPTION_SWITCH)

KIND(rabbitmq, OPTION(rabbitmq, address, OPTION_TEXT), OPTION(rabbitmq, user, OPTION_TEXT),
     OPTION(rabbitmq, password, OPTION_TEXT), OPTION(rabbitmq, virtual_host, OPTION_TEXT),
     TLS_OPTIONS(rabbitmq))
KIND(redis, OPTION(redis, address, OPTION_TEXT), OPTION(redis, user, OPTION_TEXT),
     OPTION(redis, password, OPTION_TEXT), TLS_OPTIONS(redis))
KIND(tcp, OPTION(tcp, address, OPTION_TEXT), OPTION(tcp, send, OPTION_TEXT),
     OPTION(tcp, expect, OPTION_TEXT))

OPTIONS(telemetry, OPTION(telemetry, warn_percent, OPTION_NUMBER),
        OPTION(telemetry, fail_percent, OPTION_NUMBER))

/* The spans of this process: those of its providers in Python. */
static impact_status telemetry_add(impact_health *health, const void *options)
{
    impact_check_telemetry_options with_reader = *(const impact_check_telemetry_options *)options;
    with_reader.reader.read = providers_stats;
    return impact_health_add_telemetry(health, &with_reader);
}

OPTIONS(http, OPTION(http, method, OPTION_TEXT), OPTION(http, url, OPTION_TEXT),
        OPTION(http, status, OPTION_CODE), OPTION(http, ca_file, OPTION_TEXT),
        OPTION(http, may_be_live, OPTION_SWITCH))
OPTIONS(mariadb, OPTION(mariadb, address, OPTION_TEXT), OPTION(mariadb, user, OPTION_TEXT),
        OPTION(mariadb, password, OPTION_TEXT), OPTION(mariadb, database, OPTION_TEXT))
OPTIONS(postgresql, OPTION(postgresql, conninfo, OPTION_TEXT),
        OPTION(postgresql, may_be_live, OPTION_SWITCH))
OPTIONS(sqlite, OPTION(sqlite, path, OPTION_TEXT), OPTION(sqlite, may_be_live, OPTION_SWITCH))
OPTIONS(tls, OPTION(tls, address, OPTION_TEXT), OPTION(tls, warn_days, OPTION_NUMBER),
        OPTION(tls, fail_days, OPTION_NUMBER), OPTION(tls, ca_file, OPTION_TEXT),
        OPTION(tls, accepts_untrusted, OPTION_SWITCH))

static const kind kinds[] = {
    ROW(disk),
    ROW(dns),
    ROW(file_age),
    ROW(load),
    ROW(memory),
    ROW(ntp),
    ROW(process),
    ROW(program),
    ROW(rabbitmq),
    ROW(redis),
    ROW(tcp),
    ROW(telemetry),
    ROW_OF("curl", "libcurl", http),
    ROW_OF("curl", "libcurl", tls),
    ROW_OF("mariadb", "libmariadb", mariadb),
    ROW_OF("postgresql", "libpq", postgresql),
    ROW_OF("sqlite", "libsqlite3", sqlite),
};

static const kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    PyErr_Format(PyExc_ValueError, "there is no check '%s'", name);
    return NULL;
}

/* "path, warn_percent"; NULL with an exception. */
static PyObject *option_names(const kind *of)
{
    PyObject *names = PyUnicode_FromString(of->options->name);
    for (const option *o = of->options + 1; names && o->name; o++) {
        PyObject *more = PyUnicode_FromFormat("%U, %s", names, o->name);
        Py_DECREF(names);
        names = more;
    }
    return names;
}

/* Raise what begins with `what`, and names the options that there are. */
static void raise_with_options(PyObject *error, const kind *of, const char *what)
{
    PyObject *names = option_names(of);
    if (names)
        PyErr_Format(error, "%s: the options of the check '%s' are %U", what, of->name, names);
    Py_XDECREF(names);
}

static const option *find_option(const kind *of, const char *name)
{
    for (const option *o = of->options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    raise_with_options(PyExc_TypeError, of, name);
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

static bool put_code(long *to, PyObject *value)
{
    const long code = PyLong_AsLong(value);
    if (PyErr_Occurred())
        return false;
    if (code < 0) {
        PyErr_Format(PyExc_OverflowError, "%ld is below 0", code);
        return false;
    }
    *to = code;
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
    case OPTION_CODE:
        return put_code(to, value);
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

/* The diagnostics say why: a library that is missing is named there. False with an exception. */
static bool load(const impact_plugin **plugin, const kind *of)
{
    if (!of->plugin)
        return true;
    gil_give_away();
    const impact_status status = impact_plugin_load(plugin, of->plugin);
    gil_take_back();
    diagnostics_drain();
    if (PyErr_Occurred() || (!status && (*plugin)->check_add))
        return !PyErr_Occurred();
    PyErr_Format(PyExc_ImportError,
                 status == IMPACT_ENOENT
                     ? "the check '%s' is not in this package: it was built without %s"
                     : "the check '%s' cannot be loaded: it needs %s",
                 of->name, of->library);
    return false;
}

static PyObject *add(impact_health *health, const kind *of, const filled *f, const char *name)
{
    const impact_plugin *plugin = NULL;
    if (!load(&plugin, of))
        return NULL;
    gil_give_away();
    const impact_status status =
        plugin ? plugin->check_add(health, of->name, &f->options) : of->add(health, &f->options);
    gil_take_back();
    if (!status)
        Py_RETURN_NONE;
    if (status == IMPACT_EINVAL)
        raise_with_options(PyExc_ValueError, of, "one that it needs is missing, or one is wrong");
    else
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
