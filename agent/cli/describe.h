/*  What a field is, in words: for the help and the manual. */
#ifndef BATON_DESCRIBE_H
#define BATON_DESCRIBE_H

#include "slots.h"

#define DESCRIBE_SIZE 128

/*  What stands for a field's value: "TEXT", "DURATION", "admin|operator|…"; "" for a flag. */
void describe_value (const field_t *field, char ret_word[DESCRIBE_SIZE]);

/*  A field's name as a word of the usage: "OBJECTIVE". */
void describe_upper (FILE *out, const char *name);

/*  "its title (required; at most 200 bytes)" */
void describe_slot (FILE *out, const slot_t *slot);

#endif
