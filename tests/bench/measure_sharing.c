/*  What it costs to know who somebody is, and to show them only what they may see. */
#include "measures.h"
#include "people.h"
#include "report.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define LOOKUPS 1000
#define PAGES 200
#define PAGE 100
#define ROUNDS 7
#define BATCH 1000

/* ---- identities ---- */

static void enroll (site_t *site, size_t count)
{
    char name[32];
    for (size_t i = 0; i < count; i++) {
        identity_t *identity = list_append (&site->identities, sizeof *identity);
        snprintf (name, sizeof name, "person-%zu-with-a-key-of-forty", i);
        demand (identity && text_set (&identity->name, name) == BATON_OK && text_set (&identity->key, name) == BATON_OK,
                "out of memory");
        identity->role = role_operator;
    }
}

/*  Nanoseconds for one of them, drawn at random. */
static double time_lookups (people_t *people, const site_t *site, bool search)
{
    uint64_t state = 88172645463325252u, found = 0, start = clock_us ();
    for (size_t i = 0; i < LOOKUPS; i++) {
        const char *key = site->identities.items[chance (&state) % site->identities.count].key;
        found += (search ? site_identity_of_key (site, key) : people_of_key (people, key)) != NULL;
    }
    demand (found == LOOKUPS, "somebody was not found");
    return (double) (clock_us () - start) * 1000 / LOOKUPS;
}

static void measure_people (void)
{
    static const row_t ROW = {.id = "identity",
                              .what = "who a key is, among 10,000 identities",
                              .unit = "ns",
                              .limit = "looking at each",
                              .better = BETTER_less};
    site_t site = {0};
    enroll (&site, LIMIT_IDENTITIES);
    people_t *people = people_new (&site);
    demand (people != NULL, "out of memory");
    time_lookups (people, &site, false); /*  takes them in */
    report_add (&ROW, time_lookups (people, &site, false), time_lookups (people, &site, true));
    people_destroy (&people);
    record_clear (&RECORD_site, &site);
}

/* ---- lists ---- */

/*  Every hundredth session is hidden from the site and shared with eve. */
static void write_sessions (store_t *store, size_t count)
{
    grant_t grant = {.who = (char *) "eve", .access = access_view};
    projection_t rows[BATCH];
    char ids[BATCH][24];
    baton_error_t error = {0};
    for (size_t done = 0; done < count;) {
        size_t batch = 0;
        for (; batch < BATCH && done < count; batch++, done++) {
            snprintf (ids[batch], sizeof ids[batch], "%020zu", done);
            rows[batch] = (projection_t){.row = {.session = ids[batch],
                                                 .title = ids[batch],
                                                 .state = lifecycle_suspended,
                                                 .cause = cause_created},
                                         .order = done + 1};
            if (done % 100 == 0)
                rows[batch].audience =
                    (audience_t){.owner = (char *) "ada", .visibility = visibility_shared, .shares = {1, &grant}};
        }
        demand_ok (store_commit (store, &(store_batch_t){.projections = rows, .projection_count = batch}, &error),
                   &error, "sessions");
    }
}

static uint64_t time_pages (store_t *store, const viewer_t *viewer)
{
    uint64_t before = 0, start = clock_us ();
    baton_error_t error = {0};
    for (size_t i = 0; i < PAGES; i++) {
        store_projections_t rows = {0};
        demand_ok (store_list (store, &(store_filter_t){.viewer = viewer}, before, PAGE, &rows, &error), &error,
                   "a page");
        before = rows.count == PAGE ? rows.items[PAGE - 1].order : 0;
        store_projections_clear (&rows);
    }
    return clock_us () - start;
}

/*  Microseconds for one page, the pages following each other; the best of some rounds, as little is measured. */
static double time_list (store_t *store, const viewer_t *viewer)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < ROUNDS; i++) {
        uint64_t taken = time_pages (store, viewer);
        best = taken < best ? taken : best;
    }
    return (double) best / PAGES;
}

void measure_sharing (const plan_t *plan)
{
    static const row_t OPERATOR = {.id = "list_operator",
                                   .what = "a page of 100 sessions for an operator, 1 % hidden",
                                   .unit = "us",
                                   .limit = "for an admin, who sees all",
                                   .better = BETTER_less},
                       GUEST = {.id = "list_guest",
                                .what = "the same for a guest, who sees 1 %",
                                .unit = "us",
                                .limit = "for an admin, who sees all",
                                .better = BETTER_less};
    static const viewer_t ADMIN = {.name = "root", .role = role_admin}, BOB = {.name = "bob", .role = role_operator},
                          EVE = {.name = "eve", .role = role_guest};
    char folder[BENCH_PATH];
    store_t *store = NULL;
    baton_error_t error = {0};
    snprintf (folder, sizeof folder, "%s/sharing", plan->folder);
    demand (mkdir (folder, 0700) == 0, "%s cannot be made", folder);
    demand_ok (store_open_sqlite (folder, &store, &error), &error, folder);
    measure_people ();
    write_sessions (store, plan->large_sessions);
    double all = time_list (store, &ADMIN);
    report_add (&OPERATOR, time_list (store, &BOB), all);
    report_add (&GUEST, time_list (store, &EVE), all);
    store_close (&store);
}
