/*  An invitation token is pasted by people. A token that passes has exactly one spelling: encoding gives it back. */
#include "token.h"

#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char *text = malloc (size + 1), *again = NULL;
    memcpy (text, data, size);
    text[size] = '\0';
    token_t token = {0};
    baton_error_t error = {0};
    if (token_decode (text, &token, &error) == BATON_OK) {
        must (token_encode (token.endpoint, token.broker_key, token.secret, &again, NULL) == BATON_OK);
        must (strcmp (again, text) == 0);
    } else
        must (error.status == BATON_invalid_argument && error.reason == BATON_REASON_bad_token);
    record_clear (&RECORD_token, &token);
    free (again);
    free (text);
    return 0;
}
