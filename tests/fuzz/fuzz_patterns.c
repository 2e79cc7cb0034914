/*  Files that list members are anybody's: each reader takes any bytes, and what it gives is bounded and plain. */
#include "limits.h"
#include "patterns.h"

#include "fixpoint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  The first byte chooses the reader; the rest is its file, which ends with NUL as folder_read makes it. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const group_t *group = &GROUPS[data[0] % GROUP_COUNT];
    patterns_t patterns = {0};
    char *text = malloc (size);
    memcpy (text, data + 1, size - 1);
    text[size - 1] = '\0';
    group->read (group, text, size - 1, &patterns);
    must (patterns.texts.count <= LIMIT_MEMBERS);
    for (size_t i = 0; i < patterns.texts.count; i++)
        must (*patterns.texts.items[i] && strlen (patterns.texts.items[i]) < LIMIT_PATH &&
              !strchr (patterns.texts.items[i], '\\'));
    patterns_clear (&patterns);
    free (text);
    return 0;
}
