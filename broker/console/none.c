/*  In place of the console, where it is not wanted. */
#include "console.h"

const page_t CONSOLE_PAGES[] = {{0}};
const size_t CONSOLE_PAGE_COUNT = 0;
