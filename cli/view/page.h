/* The page, and the policy that allows its own style and script alone: made by page/embed.py. */
#ifndef IMPACT_CLI_VIEW_PAGE_H
#define IMPACT_CLI_VIEW_PAGE_H

extern const char view_page_html[];
extern const char view_page_policy[];

#endif
