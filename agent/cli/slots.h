/*  The fields that a command's line can set. */
#ifndef BATON_SLOTS_H
#define BATON_SLOTS_H

#include "command.h"

#define SLOTS_MOST 64

/*  A field that the command line can set. */
typedef struct {
    const field_t *field;
    void *at; /*  NULL where only the description is needed */
    bool given;
    bool required;
} slot_t;

typedef struct {
    size_t count;
    slot_t items[SLOTS_MOST];
} slots_t;

/*  All fields of a command: those of the request, those inside its policy, its own options. request and options may be
 *  NULL. */
void slots_list (const command_t *command, void *request, void *options, slots_t *ret_slots);

/*  The fields that words without a flag fill, as indices into slots. */
size_t slots_positional (const command_t *command, const slots_t *slots, size_t ret_indices[SLOTS_MOST]);

/*  The flag of a field, without the dashes: "multitask-strategy", "label". */
void slot_flag (const field_t *field, char ret_flag[LIMIT_NAME]);

/*  The index of the field of that name; slots->count when there is none. */
size_t slots_find (const slots_t *slots, const char *name, size_t length);

bool slot_is (const slot_t *slot, const char *name);

#endif
