/* A certificate that a real server shows. */
#include "certificate.h"

#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

#define OPENSSL    "/usr/bin/openssl"
#define WORD(text) ((char[]){text})

static void run_tool(started *server, char *const argv[])
{
    int status = -1;
    started_run(server, argv, NULL, NULL);
    CHECK_EQUAL(waitpid(server->process, &status, 0), server->process);
    CHECK_EQUAL(status, 0);
}

void certificate_make(started *server, char *days)
{
    char *argv[] = {WORD(OPENSSL),
                    WORD("req"),
                    WORD("-x509"),
                    WORD("-newkey"),
                    WORD("ec"),
                    WORD("-pkeyopt"),
                    WORD("ec_paramgen_curve:prime256v1"),
                    WORD("-nodes"),
                    WORD("-keyout"),
                    WORD("key"),
                    WORD("-out"),
                    WORD("certificate"),
                    WORD("-subj"),
                    WORD("/CN=here"),
                    WORD("-addext"),
                    WORD("subjectAltName=IP:127.0.0.1"),
                    WORD("-days"),
                    days,
                    NULL};
    if (access(OPENSSL, X_OK) != 0)
        check_skip("openssl is not installed");
    run_tool(server, argv);
}
