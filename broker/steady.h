/*  The broker's time: the wall clock as long as nobody sets it.
 *
 *  Deadlines, locks, presence and budgets are durations, so a clock that is set must not end them. From then on the
 *  broker's time goes on by the time that passes (CLOCK_BOOTTIME, which a machine that sleeps does not stop), until the
 *  wall clock is back, or nothing is left that would notice. Triggers that name a time go by the wall clock itself.
 */
#ifndef BATON_STEADY_H
#define BATON_STEADY_H

#include <stdbool.h>
#include <stdint.h>

/*  All times in milliseconds, the wall clock's since 1970. */
typedef struct {
    int64_t ahead; /*  of the time since boot */
    int64_t off;   /*  what the wall clock is ahead of the broker's time; 0: they are one */
} steady_t;

void steady_start (steady_t *self, uint64_t wall, uint64_t passed);

/*  The broker's time. Corrections of up to a few seconds are followed; ret_set says whether the clock was set by more
 *  since the last look. */
uint64_t steady_look (steady_t *self, uint64_t wall, uint64_t passed, bool *ret_set);

/*  Takes the wall clock for the broker's time again. */
void steady_follow (steady_t *self);

#endif
