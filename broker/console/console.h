/*  The console: the page that operators open in a browser. Its sources are in src/; build.js makes one table of them.
 *
 *  Built without it (BATON_CONSOLE=OFF) the table is empty.
 */
#ifndef BATON_CONSOLE_H
#define BATON_CONSOLE_H

#include "pages.h"

extern const page_t CONSOLE_PAGES[];
extern const size_t CONSOLE_PAGE_COUNT;

#endif
