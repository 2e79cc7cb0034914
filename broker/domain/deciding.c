#include "deciding.h"

void emit (deciding_t *deciding, event_kind_t kind, const void *body)
{
    if (deciding->out_of_memory)
        return;
    void *copy = event_list_add (deciding->events, kind);
    if (!copy || record_copy (&EVENTS[kind].type, body, copy) != BATON_OK)
        deciding->out_of_memory = true;
}

void answer_text (deciding_t *deciding, char **field, const char *value)
{
    if (text_set (field, value) != BATON_OK)
        deciding->out_of_memory = true;
}
