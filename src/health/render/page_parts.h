/* What every page has in common: the files in page/, made C by page/embed.py. */
#ifndef IMPACT_HEALTH_RENDER_PAGE_PARTS_H
#define IMPACT_HEALTH_RENDER_PAGE_PARTS_H

extern const char impact__page_style[];
extern const char impact__page_script[];
extern const char impact__page_icons[]; /* SVG symbols is-pass, is-warn and is-fail */

/* A Content-Security-Policy that allows this style and this script, and no others. */
extern const char impact__page_policy[];

#endif
