/*  The core thread: one loop that takes requests in, decides them, commits once, answers, and publishes.
 *
 *  A turn: drain up to LIMIT_BATCH requests; decide the changes among them, and what is due by itself; one commit;
 *  then answer the changes, publish their events, and only then answer the reads; those that may be long go to the
 *  reader's thread, and changes with large contents to the writers', before they are decided. So nothing is ever shown
 * that is not on disk, and a read sees every change that was answered before it.
 */
#ifndef BATON_SERVER_H
#define BATON_SERVER_H

#include "broker.h"
#include "reader.h"
#include "writers.h"

typedef struct server server_t;

/*  Everything but the options is borrowed and outlives the server. door: another way in, or NULL. */
BATON_MUST_USE baton_status server_new (const broker_options_t *options, store_t *store, journal_t *journal,
                                        frontend_t *frontend, reader_t *reader, writers_t *writers, door_t *door,
                                        server_t **ret_server, baton_error_t *error);
void server_destroy (server_t **self);

/*  Runs until stop_fd (a signalfd) is readable. */
BATON_MUST_USE baton_status server_run (server_t *self, int stop_fd, baton_error_t *error);

#endif
