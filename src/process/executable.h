/* The name of the file that this process runs. */
#ifndef IMPACT_PROCESS_EXECUTABLE_H
#define IMPACT_PROCESS_EXECUTABLE_H

enum { impact__executable_name_limit = 255 }; /* bytes, without the NUL: NAME_MAX */

/* Fill `name` (of impact__executable_name_limit + 1 bytes); empty when it cannot be read. */
void impact__executable_name(char *name);

#endif
