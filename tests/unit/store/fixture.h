/*  What the tests of the store share: a store in a directory of its own, and events whose content tells what they are.
 */
#ifndef BATON_TEST_STORE_FIXTURE_H
#define BATON_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_TEXT 96

typedef struct {
    store_t *store;
    char directory[64];
} fixture_t;

static inline void fixture_make_directory (fixture_t *fixture)
{
    strcpy (fixture->directory, "/tmp/baton-store-XXXXXX");
    assert_non_null (mkdtemp (fixture->directory));
}

static inline int fixture_remove_file (const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void) info, (void) type, (void) place;
    return remove (path);
}

static inline void fixture_remove_directory (fixture_t *fixture)
{
    nftw (fixture->directory, fixture_remove_file, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_open_sqlite (fixture_t *fixture)
{
    baton_error_t error = {0};
    if (store_open_sqlite (fixture->directory, &fixture->store, &error) != BATON_OK)
        fail_msg ("can't open the store: %s", error.message);
}

static inline void fixture_reopen (fixture_t *fixture)
{
    store_close (&fixture->store);
    fixture_open_sqlite (fixture);
}

static inline void fixture_commit (store_t *store, const store_batch_t *batch)
{
    baton_error_t error = {0};
    if (store_commit (store, batch, &error) != BATON_OK)
        fail_msg ("can't commit: %s", error.message);
}

/*  The content of event n of a session. */
static inline void fixture_text (const char *session, uint64_t n, char text[FIXTURE_TEXT])
{
    snprintf (text, FIXTURE_TEXT, "event %llu of %s", (unsigned long long) n, session);
}

static inline baton_bytes_t fixture_bytes (const char *text)
{
    return (baton_bytes_t){strlen (text), (uint8_t *) (uintptr_t) text};
}

/*  Commits one event. */
static inline baton_status fixture_try (store_t *store, const char *session, uint64_t n, event_class_e class,
                                        baton_error_t *error)
{
    char text[FIXTURE_TEXT];
    fixture_text (session, n, text);
    store_event_t event = {session, store_head (store) + 1, n, class, fixture_bytes (text)};
    return store_commit (store, &(store_batch_t){.events = &event, .event_count = 1}, error);
}

static inline void fixture_put (store_t *store, const char *session, uint64_t n, event_class_e class)
{
    assert_int_equal (fixture_try (store, session, n, class, NULL), BATON_OK);
}

static inline void fixture_check_read (const store_read_t *read, const char *session, uint64_t n)
{
    char text[FIXTURE_TEXT];
    fixture_text (session, n, text);
    assert_int_equal (read->n, n);
    assert_int_equal (read->data.size, strlen (text));
    assert_memory_equal (read->data.data, text, strlen (text));
}

/*  A session's journal is there, from 1 to count, read in pages of that size. */
static inline void fixture_check_journal (store_t *store, const char *session, uint64_t count, size_t page)
{
    uint64_t seen = 0, seq = 0;
    for (;;) {
        store_reads_t reads = {0};
        assert_int_equal (store_history (store, session, seen, page, &reads, NULL), BATON_OK);
        for (size_t i = 0; i < reads.count; i++) {
            fixture_check_read (&reads.items[i], session, ++seen);
            assert_true (reads.items[i].seq > seq);
            seq = reads.items[i].seq;
        }
        size_t got = reads.count;
        store_reads_clear (&reads);
        if (got == 0)
            break;
    }
    assert_int_equal (seen, count);
}

/*  The whole log is there without a gap. */
static inline void fixture_check_log (store_t *store)
{
    uint64_t after = 0;
    while (after < store_head (store)) {
        store_reads_t reads = {0};
        uint64_t last = 0;
        assert_int_equal (store_log (store, after, event_class_none, LIMIT_PAGE, &reads, &last, NULL), BATON_OK);
        assert_true (reads.count > 0);
        for (size_t i = 0; i < reads.count; i++)
            assert_int_equal (reads.items[i].seq, after + 1 + i);
        after += reads.count;
        assert_int_equal (last, after);
        store_reads_clear (&reads);
    }
}

#endif
