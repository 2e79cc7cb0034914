/*  Text that came from outside: what is allowed in it. */
#ifndef BATON_TEXT_H
#define BATON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*  Valid UTF-8 as RFC 3629 has it (no overlong forms, no surrogates, at most U+10FFFF), without C0 and C1 control
 *  characters and DEL. With `lines`, line feeds and tabs pass; without, the separators and bidirectional controls that
 *  make a line look like another are refused too. */
bool text_valid (const char *text, size_t size, bool lines);

/*  [A-Za-z0-9] and then any of [A-Za-z0-9._:@/+-]; at least one character. */
bool name_valid (const char *text, size_t size);

/*  Makes a line of at most `most` bytes of what another program said, or of what was cut anywhere: each byte that can't
 *  stand in one becomes a space. */
void text_line (char *text, size_t most);

/*  How many bytes of a valid text, at most `most`, end where a character does. */
size_t text_cut (const char *text, size_t most);

#endif
