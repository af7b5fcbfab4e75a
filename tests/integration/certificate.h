/* A certificate that a real server shows, made by openssl. */
#ifndef IMPACT_TESTS_INTEGRATION_CERTIFICATE_H
#define IMPACT_TESTS_INTEGRATION_CERTIFICATE_H

#include "started.h"

/* The files "certificate" and "key" in the folder of a server that is prepared: for 127.0.0.1, its
 * own authority, and it ends in so many days. Skips the test where there is no openssl. */
void certificate_make(started *server, char *days);

#endif
