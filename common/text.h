/*  Text that came from outside: what is allowed in it. */
#ifndef BATON_TEXT_H
#define BATON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*  Valid UTF-8 as RFC 3629 has it (no overlong forms, no surrogates, at most U+10FFFF), without C0 and C1 control
 *  characters and DEL; line feeds and tabs pass when `lines` is set. */
bool text_valid (const char *text, size_t size, bool lines);

/*  [A-Za-z0-9] and then any of [A-Za-z0-9._:@/+-]; at least one character. */
bool name_valid (const char *text, size_t size);

#endif
