/*  Allocation faults: the k-th allocation of this thread fails.
 *
 *  A test that links baton_testlib has malloc, calloc, realloc, strdup and strndup wrapped, as far as our own objects
 *  call them; shared libraries keep theirs.
 */
#ifndef BATON_FAULTS_H
#define BATON_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/*  The countdown-th allocation from now fails, once; 0 switches it off. */
void faults_set (uint64_t countdown);

/*  Whether it has come to that. */
bool faults_hit (void);

/*  for (uint64_t k = 1; faults_round (k); k++) …: runs the body with the k-th allocation failing, for each k, until a
 *  round gets by without one; that last round has shown the success. */
bool faults_round (uint64_t k);

#endif
