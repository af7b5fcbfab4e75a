/* A hundred processes that end while they speak TLS. OpenSSL takes its state down at exit, and a
 * thread that is in it then crashes. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <microhttpd.h>

#include "support/check.h"

enum { exit_count = 100, at_once = 4, most_before = 4, pem_size = 8192 };

/* ---- a backend over TLS ---- */

static char key[pem_size];
static char certificate[pem_size];
static char certificate_file[] = "/tmp/impact-exit-XXXXXX";

static bool read_all(char *to, const char *path)
{
    FILE *file = fopen(path, "re");
    const size_t size = file ? fread(to, 1, pem_size - 1, file) : 0;
    if (file)
        (void)fclose(file);
    return size > 0;
}

/* One that nobody trusts who is not told to, and its key; the certificate's file stays for the
 * clients. */
static bool make_certificate(void)
{
    char key_file[] = "/tmp/impact-exit-XXXXXX";
    char command[512];
    const int descriptors[] = {mkstemp(key_file), mkstemp(certificate_file)};
    (void)snprintf(command, sizeof command,
                   "exec 2>/dev/null; openssl req -x509 -newkey ec -pkeyopt "
                   "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
                   "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s",
                   key_file, certificate_file);
    const bool is_made =
        system(command) == 0 && read_all(key, key_file) && read_all(certificate, certificate_file);
    (void)unlink(key_file);
    for (int i = 0; i < 2; i++)
        (void)close(descriptors[i]);
    return is_made;
}

/* Takes whatever comes. */
static enum MHD_Result take(void *cls, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload_data,
                            size_t *upload_data_size, void **req_cls)
{
    (void)cls, (void)url, (void)method, (void)version, (void)upload_data;
    static int begun;
    if (!*req_cls || *upload_data_size) {
        *req_cls = &begun;
        *upload_data_size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    const enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Daemon *open_backend(char *url, size_t size)
{
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (!make_certificate())
        return NULL;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_TLS, 0, NULL,
        NULL, take, NULL, MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_HTTPS_MEM_KEY, key,
        MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_END);
    if (daemon)
        (void)snprintf(url, size, "https://127.0.0.1:%d",
                       MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    return daemon;
}

/* ---- the processes ---- */

static pid_t start_one(const char *how, int number, const char *url)
{
    char count[8];
    (void)snprintf(count, sizeof count, "%d", number % most_before);
    const pid_t child = fork();
    if (child)
        return child;
    (void)alarm(60);
    (void)setenv("NO_PROXY", "*", 1);
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    (void)setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate_file, 1);
    (void)execl(getenv("IMPACT_TEST_EXIT_CLIENT"), "exit_client", how, count, url, (char *)NULL);
    _exit(127);
}

static void wait_for_one(const char *how, int should)
{
    int status = -1;
    (void)wait(&status);
    const int is = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    if (is != should)
        check_failed(__FILE__, __LINE__, "%s: status %d, not %d", how, is, should);
}

static void end_a_hundred_times(const char *how, int should)
{
    char url[64] = "";
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        check_skip("libmicrohttpd was built without TLS");
    struct MHD_Daemon *daemon = open_backend(url, sizeof url);
    REQUIRE(daemon != NULL);
    for (int i = 0; i < exit_count; i++) {
        if (i >= at_once)
            wait_for_one(how, should);
        REQUIRE(start_one(how, i, url) > 0);
    }
    for (int i = 0; i < at_once; i++)
        wait_for_one(how, should);
    MHD_stop_daemon(daemon);
    (void)unlink(certificate_file);
}

TEST(a_hundred_returns_from_main_over_tls_without_shutdown_are_clean)
{
    end_a_hundred_times("return", 0);
}

TEST(a_hundred_exits_over_tls_without_shutdown_are_clean)
{
    end_a_hundred_times("exit", 1);
}

TEST(a_hundred_exits_of_another_thread_over_tls_are_clean)
{
    end_a_hundred_times("thread", 0);
}

TEST(a_hundred_exits_of_forked_children_over_tls_are_clean)
{
    check_skip_forks_of_threads();
#ifdef __SANITIZE_THREAD__
    check_skip("ThreadSanitizer does not support threads that a child of several threads starts");
#endif
    end_a_hundred_times("fork", 0);
}

TEST(a_hundred_exits_amid_health_checks_over_tls_are_clean)
{
    end_a_hundred_times("check", 0);
}
