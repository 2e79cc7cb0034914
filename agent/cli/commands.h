/*  The commands that the method table alone does not make, one a row; their order is that of the help. */
#ifndef BATON_COMMANDS_H
#define BATON_COMMANDS_H

#include "command.h"

extern const command_t *const COMMANDS[];
extern const size_t COMMAND_COUNT;

#endif
