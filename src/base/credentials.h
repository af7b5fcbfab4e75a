/* Credentials in texts that others have written: what drivers say of a failure often repeats the
 * address that they were given. */
#ifndef IMPACT_BASE_CREDENTIALS_H
#define IMPACT_BASE_CREDENTIALS_H

#include <stddef.h>

/* Put stars in the place of user information ("//user:word@", "user:word@") and of what stands
 * behind "password=", "token:" and the like, in short texts. Returns the new size, which is not
 * larger. Where it is unsure, it hides. */
size_t impact__credentials_hide(char *text, size_t size);

#endif
