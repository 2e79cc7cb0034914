/*  Positions of a journal that has come from elsewhere in several parts.
 *
 *  Between the parts stand events of this site, the import's own. So what stands behind them at the other site stands
 *  further on here, and whatever an event or a state says of positions and places of its own journal moves with it.
 *  Positions and places in other journals stay.
 */
#ifndef BATON_POSITIONS_H
#define BATON_POSITIONS_H

#include "schema.h"

/*  The part that follows position `after` of the other site stands `by` further on here, all gaps before counted. */
typedef struct {
    uint64_t after, by;
} gap_t;

typedef struct {
    size_t count;
    gap_t *items;   /*  ascending */
    size_t stretch; /*  of the session's line that all parts but the first stand in: see lineage.h */
} gaps_t;

/*  Where a position of the other site stands here, and back; one within a gap is the last before it. */
uint64_t position_here (const gaps_t *gaps, uint64_t n);
uint64_t position_there (const gaps_t *gaps, uint64_t n);

/*  Moves every position and place of its own journal that the record tells of. session is that journal's id, as the
 *  record has it. */
typedef uint64_t move_position_t (const gaps_t *gaps, uint64_t n);
void positions_move (const gaps_t *gaps, move_position_t *move, const char *session, const record_type_t *type,
                     void *record);

/*  Whether the event can stand behind a gap: one that brings other journals in tells of their ideas of this one. */
bool positions_movable (event_kind_t kind);

#endif
