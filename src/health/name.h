/* The names of checks and groups, and what is a name at all. */
#ifndef IMPACT_HEALTH_NAME_H
#define IMPACT_HEALTH_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/text.h>

enum { IMPACT__NAME_MOST = 64 }; /* bytes in the name of a check or a group */

/* These groups exist even without members. The checks that run when nothing else is asked for: */
#define IMPACT__DEFAULT_GROUP "_defaults"

/* What an orchestrator asks: restart it? send it requests? has it started? */
#define IMPACT__LIVE_GROUP    "_live"
#define IMPACT__READY_GROUP   "_ready"
#define IMPACT__STARTUP_GROUP "_startup"

/* Every check. */
#define IMPACT__ALL_GROUP "_all"

/* A check is anything that can be asked for in a comma list: UTF-8 without commas, control
 * characters and blanks at its ends, not beginning with an underscore. Groups do begin with one;
 * the rest of them is A-Z a-z 0-9 . - : / and _. */
bool impact__is_check_name(impact_text name);
bool impact__is_group_name(impact_text name);

/* Write a comma list of groups without blanks, between commas: ",_a,_b,"; "" when it is empty. `to`
 * has room for list.size + 3 bytes. False: one of them is not a group's name. */
bool impact__groups_format(char *to, impact_text list);

/* True when `name` stands in groups that were written so. */
bool impact__groups_have(const char *groups, impact_text name);

#endif
