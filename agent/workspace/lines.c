#include "lines.h"

#include <regex.h>
#include <string.h>

bool lines_next (const char **at, const char *end, char ret_line[LINES_LONGEST])
{
    while (*at < end) {
        const char *stop = memchr (*at, '\n', (size_t) (end - *at));
        size_t size = (size_t) ((stop ? stop : end) - *at);
        const char *from = *at;
        *at = stop ? stop + 1 : end;
        if (size >= LINES_LONGEST)
            continue;
        memcpy (ret_line, from, size);
        if (size > 0 && ret_line[size - 1] == '\r')
            size--;
        ret_line[size] = '\0';
        return true;
    }
    return false;
}

bool lines_match (const char *text, size_t size, const char *expression)
{
    bool wanted = *expression != '!', found = false;
    regex_t regex;
    if (regcomp (&regex, expression + (wanted ? 0 : 1), REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    char line[LINES_LONGEST];
    for (const char *at = text; !found && lines_next (&at, text + size, line);)
        found = regexec (&regex, line, 0, NULL, 0) == 0;
    regfree (&regex);
    return found == wanted;
}

void lines_matches (const char *text, size_t size, const char *expression, bool each (void *self, const char *match),
                    void *self)
{
    regex_t regex;
    regmatch_t groups[2];
    char line[LINES_LONGEST];
    bool more = regcomp (&regex, expression, REG_EXTENDED) == 0;
    if (!more)
        return;
    for (const char *at = text; more && lines_next (&at, text + size, line);)
        for (char *from = line; more && regexec (&regex, from, 2, groups, from > line ? REG_NOTBOL : 0) == 0;) {
            char *stop = from + groups[1].rm_eo, kept = *stop;
            *stop = '\0';
            more = each (self, from + groups[1].rm_so);
            *stop = kept;
            from += groups[0].rm_eo > 0 ? groups[0].rm_eo : 1;
            if (!*from)
                break;
        }
    regfree (&regex);
}
