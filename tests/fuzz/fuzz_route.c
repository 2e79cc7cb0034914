/*  An HTTP request's first line and body: a verb, a line feed, the target, a line feed, the body. */
#include "guard.h"
#include "route.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  As Host and Origin: what is a page of ours is one of a name of ours. */
static void lead (const char *host, const char *origin)
{
    static const char *const NAMES[] = {"example.org"};
    bool ours = guard_host (host, NAMES, 1);
    if (guard_origin (origin, host) && ours && !guard_host (strstr (origin, "://") + 3, NAMES, 1))
        abort ();
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char *text = malloc (size + 1);
    if (!text)
        return 0;
    memcpy (text, data, size);
    text[size] = 0;
    char *target = strchr (text, '\n'), *body = target ? strchr (target + 1, '\n') : NULL;
    route_t route = {0};
    baton_error_t error = {0};
    if (body) {
        *target++ = 0;
        *body++ = 0;
        lead (text, target);
        if (route_find (text, target, &route, &error) == BATON_OK &&
            route_add_body (&route, body, (size_t) (text + size - body), &error) == BATON_OK) {
            const record_type_t *type = &METHODS[route.method].type;
            void *params = calloc (1, type->size + 1);
            if (params && record_from_json (type, route.params, params, &error) == BATON_OK &&
                record_check (type, params, &error) != BATON_OK)
                abort (); /*  what comes in keeps the rules of the table */
            record_clear (type, params);
            free (params);
        }
        route_clear (&route);
    }
    free (text);
    return 0;
}
