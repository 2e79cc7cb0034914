/*  Hashing beside what else is done with the same bytes: half of what an archive costs is its digest.
 *
 *  One at a time; the state and the data are borrowed until aside_end. Small data are hashed at once.
 */
#ifndef BATON_ARCHIVE_ASIDE_H
#define BATON_ARCHIVE_ASIDE_H

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>

typedef struct {
    crypto_generichash_state *state;
    const void *data;
    size_t size;
    pthread_t thread;
    bool under_way;
} aside_t;

void aside_hash (aside_t *self, crypto_generichash_state *state, const void *data, size_t size);

/*  Waits for the last one; does nothing when there is none. */
void aside_end (aside_t *self);

#endif
