/* Plugins: where they are looked for, and what is refused. Each test makes folders of links to the
 * shared objects that the build has made of plugin_module.c. */
#include <impact/plugin.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/diagnostics.h>

#include "support/check.h"

typedef impact_status (*load_fn)(const impact_plugin **plugin, const char *name);

static char root[] = "/tmp/impact-plugins-XXXXXX";
static char root_a[64];
static char root_b[64];
static char said[1024];
static int said_count;
static bool is_privileged; /* what getauxval tells of AT_SECURE */

unsigned long getauxval(unsigned long type)
{
    if (type == AT_SECURE)
        return is_privileged;
    unsigned long (*true_one)(unsigned long) = NULL;
    *(void **)&true_one = dlsym(RTLD_NEXT, "getauxval");
    return true_one(type);
}

static void hear(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)suppressed, (void)userdata;
    CHECK_EQUAL(severity, IMPACT_SEVERITY_ERROR);
    (void)snprintf(said, sizeof said, "%s", message);
    said_count++;
}

static void remove_folders(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    if (system(command))
        puts("the folders stay");
}

/* Two folders, a and b, that are on the plugin path. */
static bool make_folders(void)
{
    char path[160];
    if (!mkdtemp(root) || !getenv("IMPACT_TEST_PLUGINS"))
        return false;
    (void)atexit(remove_folders);
    (void)snprintf(root_a, sizeof root_a, "%s/a", root);
    (void)snprintf(root_b, sizeof root_b, "%s/b", root);
    (void)snprintf(path, sizeof path, "%s::%s", root_a, root_b);
    impact_diagnostics_set_callback(hear, NULL);
    return !mkdir(root_a, 0700) && !mkdir(root_b, 0700) && !setenv("IMPACT_PLUGIN_PATH", path, 1);
}

/* Make plugin "test" of `folder` the shared object of that kind. */
static void put(const char *folder, const char *kind)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    (void)snprintf(from, sizeof from, "%s/test-plugin-%s.so", getenv("IMPACT_TEST_PLUGINS"), kind);
    (void)snprintf(to, sizeof to, "%s/libimpact-test.so.0", folder);
    CHECK(access(from, R_OK) == 0);
    CHECK(symlink(from, to) == 0);
}

static void put_text(const char *folder, const char *text)
{
    char to[PATH_MAX];
    (void)snprintf(to, sizeof to, "%s/libimpact-test.so.0", folder);
    FILE *file = fopen(to, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Load plugin "test": its mark, or the text of the status. The output is untouched on failure. */
static const char *load_by(load_fn load)
{
    static const impact_plugin none = {0};
    const impact_plugin *plugin = &none;
    const impact_status status = load(&plugin, "test");
    CHECK_EQUAL(plugin == &none, status != IMPACT_OK);
    return status ? impact_status_text(status) : plugin->name;
}

static const char *load(void)
{
    return load_by(impact_plugin_load);
}

TEST(null_and_bad_names_are_refused)
{
    static const char *const names[] = {"",
                                        "a/b",
                                        "../a",
                                        "a-b",
                                        "A",
                                        "a b",
                                        "a.so",
                                        "\xC3\xA4",
                                        "%s",
                                        "a\n",
                                        "abcdefghijklmnopqrstuvwxyz1234567"};
    const impact_plugin *plugin = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK_EQUAL(impact_plugin_load(&plugin, names[i]), IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_load(&plugin, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_load(NULL, "test"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_load(&plugin, "abcdefghijklmnopqrstuvwxyz_12345"), IMPACT_ENOENT);
    CHECK(!plugin);
}

TEST(what_is_nowhere_is_not_found_and_nothing_is_said)
{
    REQUIRE(make_folders());
    CHECK_STRING(load(), impact_status_text(IMPACT_ENOENT));
    CHECK_EQUAL(said_count, 0);
}

TEST(the_first_folder_that_has_the_file_decides)
{
    REQUIRE(make_folders());
    put(root_b, "two");
    CHECK_STRING(load(), "two");
    put(root_a, "one");
    CHECK_STRING(load(), "one");
    CHECK_STRING(load(), "one");
    CHECK_EQUAL(said_count, 0);
}

static void check_refusal(const char *text)
{
    put(root_b, "one"); /* it is there and is no reason to look further */
    CHECK_STRING(load(), impact_status_text(IMPACT_EPLUGIN));
    CHECK_EQUAL(said_count, 1);
    CHECK(check_contains(said, text));
}

TEST(a_file_that_is_no_shared_object_is_refused)
{
    REQUIRE(make_folders());
    put_text(root_a,
             "This is text, and long enough to be the header of an ELF file, which it is not.\n");
    check_refusal("plugin test cannot be loaded: ");
}

TEST(an_empty_file_is_refused)
{
    REQUIRE(make_folders());
    put_text(root_a, "");
    check_refusal("plugin test cannot be loaded: ");
}

TEST(a_folder_in_the_place_of_the_file_is_refused)
{
    char path[PATH_MAX];
    REQUIRE(make_folders());
    (void)snprintf(path, sizeof path, "%s/libimpact-test.so.0", root_a);
    CHECK(mkdir(path, 0700) == 0);
    check_refusal("plugin test cannot be loaded: ");
}

TEST(a_shared_object_without_a_descriptor_is_refused)
{
    REQUIRE(make_folders());
    put(root_a, "no-descriptor");
    check_refusal("is not a plugin of this version");
}

TEST(a_plugin_of_another_abi_is_refused)
{
    REQUIRE(make_folders());
    put(root_a, "other-abi");
    check_refusal("is not a plugin of this version");
}

TEST(a_descriptor_without_a_size_is_refused)
{
    REQUIRE(make_folders());
    put(root_a, "no-size");
    check_refusal("is not a plugin of this version");
}

TEST(a_descriptor_of_an_earlier_version_has_nothing_set_behind)
{
    const impact_plugin *plugin = NULL;
    const impact_plugin *again = NULL;
    REQUIRE(make_folders());
    put(root_a, "smaller");
    CHECK_STRING(load(), "smaller");
    REQUIRE(impact_plugin_load(&plugin, "test") == IMPACT_OK);
    CHECK_EQUAL(plugin->size, sizeof *plugin);
    CHECK(!plugin->otlp_open);
    CHECK(impact_plugin_load(&again, "test") == IMPACT_OK && again == plugin);
}

TEST(a_descriptor_of_a_later_version_is_taken_while_what_is_unknown_is_not_set)
{
    REQUIRE(make_folders());
    put(root_a, "larger-zero");
    CHECK_STRING(load(), "larger-zero");
}

TEST(a_descriptor_of_a_later_version_is_refused_when_what_is_unknown_is_set)
{
    REQUIRE(make_folders());
    put(root_a, "larger-set");
    check_refusal("is not a plugin of this version");
}

TEST(a_privileged_process_ignores_the_path_of_the_environment)
{
    REQUIRE(make_folders());
    put(root_a, "one");
    is_privileged = true;
    CHECK_STRING(load(), impact_status_text(IMPACT_ENOENT));
    is_privileged = false;
    CHECK_STRING(load(), "one");
}

TEST(a_folder_name_too_long_is_passed_over)
{
    static char path[3 * PATH_MAX];
    REQUIRE(make_folders());
    put(root_a, "one");
    for (size_t size = PATH_MAX - 40; size < PATH_MAX + 40; size++) {
        memset(path, 'x', size);
        (void)snprintf(path + size, sizeof path - size, ":%s", root_a);
        CHECK(setenv("IMPACT_PLUGIN_PATH", path, 1) == 0);
        CHECK_STRING(load(), "one");
    }
}

TEST(a_plugin_is_found_beside_the_library)
{
    char library[128];
    REQUIRE(make_folders());
    REQUIRE(unsetenv("IMPACT_PLUGIN_PATH") == 0);
    (void)snprintf(library, sizeof library, "%s/libimpact.so.0", root_b);
    REQUIRE(symlink(getenv("IMPACT_TEST_LIBRARY"), library) == 0);
    put(root_b, "two");
    CHECK_STRING(load(), impact_status_text(IMPACT_ENOENT)); /* beside this program there is none */
    void *object = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(object);
    load_fn load_from_library = NULL;
    *(void **)&load_from_library = dlsym(object, "impact_plugin_load");
    REQUIRE(load_from_library);
    CHECK_STRING(load_by(load_from_library), "two");
    CHECK(setenv("IMPACT_PLUGIN_PATH", root_a, 1) == 0);
    put(root_a, "one");
    CHECK_STRING(load_by(load_from_library), "one"); /* the path comes first */
}

/* The loader reads LD_LIBRARY_PATH when a program starts: so start this one again with it. */
static bool is_run_again(const char *test)
{
    if (getenv("IMPACT_TEST_AGAIN"))
        return true;
    if (!make_folders())
        return false;
    if (strstr(test, "bad"))
        put_text(root_a, "no ELF");
    else
        put(root_a, "one");
    const pid_t child = fork();
    if (child == 0) {
        (void)unsetenv("IMPACT_PLUGIN_PATH");
        (void)setenv("LD_LIBRARY_PATH", root_a, 1);
        (void)setenv("IMPACT_TEST_AGAIN", "1", 1);
        (void)execl("/proc/self/exe", "again", "--no-fork", test, (char *)NULL);
        _exit(99);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    return false;
}

TEST(a_plugin_is_found_by_the_loader)
{
    if (is_run_again(__func__))
        CHECK_STRING(load(), "one");
}

TEST(a_bad_file_found_by_the_loader_is_refused)
{
    if (!is_run_again(__func__))
        return;
    impact_diagnostics_set_callback(hear, NULL);
    CHECK_STRING(load(), impact_status_text(IMPACT_EPLUGIN));
    CHECK(check_contains(said, "plugin test cannot be loaded: "));
}
