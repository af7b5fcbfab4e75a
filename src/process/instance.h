/* The id of this process among all that ever run: what service.instance.id says. */
#ifndef IMPACT_PROCESS_INSTANCE_H
#define IMPACT_PROCESS_INSTANCE_H

enum { impact__instance_id_size = 36 }; /* bytes of its text; there is no NUL */

/* Write a UUID of version 4 (RFC 9562 5.4): the same for as long as the process lives, another one
 * in a forked child. Its handler of fork() comes before those that are registered after the first
 * call, and may be followed by more calls in them. */
void impact__instance_id(char *text);

#endif
