/*  Asks the broker of the context in argv[1] about its site; prints how many bytes it said. */
#include <baton/baton.h>
#include <stdio.h>
#include <stdlib.h>

int main (int argc, char **argv)
{
    static const uint8_t NOTHING[] = {0x80}; /*  an empty msgpack map */
    baton_context_t context;
    baton_client_t *client = NULL;
    baton_error_t error = {0};
    uint8_t *body = NULL;
    size_t size = 0;
    baton_status status = argc == 2 ? baton_context_load (argv[1], &context, &error) : BATON_invalid_argument;
    if (status == BATON_OK)
        status = baton_client_new (&context, &client, &error);
    if (status == BATON_OK)
        status = baton_call (client, "site.about", NOTHING, sizeof NOTHING, NULL, &body, &size, &error);
    if (status == BATON_OK)
        printf ("%zu\n", size);
    else
        fprintf (stderr, "%s: %s\n", baton_status_name (status), error.message);
    free (body);
    baton_client_destroy (&client);
    return status == BATON_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
