/*  The staging folder of a node: what targets of migrations have put together so far, SESSION.MIGRATION each. */
#ifndef BATON_NODE_STAGES_H
#define BATON_NODE_STAGES_H

#include "place.h"

void stages_path (const char *state, const char *session, uint64_t migration, char ret_path[PLACE_SIZE]);

/*  Whether there is a stage of that session, of any migration. */
bool stages_have (const char *state, const char *session);

/*  Calls visit for each stage that is there; it may take the stage away. */
typedef void stages_visit_t (void *arg, const char *session, uint64_t migration);
void stages_each (const char *state, stages_visit_t *visit, void *arg);

#endif
