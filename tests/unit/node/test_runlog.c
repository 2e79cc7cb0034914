#include "files.h"
#include "runlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    char folder[64];
} place_t;

static int set_up (void **state)
{
    place_t *place = calloc (1, sizeof *place);
    strcpy (place->folder, "/tmp/baton-runlog-XXXXXX");
    *state = place;
    return mkdtemp (place->folder) ? 0 : -1;
}

static int tear_down (void **state)
{
    files_remove_tree (((place_t *) *state)->folder);
    free (*state);
    return 0;
}

/*  The byte at each offset is known, so that any page can be checked. */
static char byte_at (uint64_t offset)
{
    return (char) ('a' + offset % 23);
}

static void print (runlog_t *log, uint64_t from, size_t size)
{
    char *text = malloc (size);
    for (size_t i = 0; i < size; i++)
        text[i] = byte_at (from + i);
    runlog_append (log, text, size);
    free (text);
}

static runlog_t *open_log (const place_t *place, uint64_t bound)
{
    runlog_t *log = NULL;
    baton_error_t error;
    assert_int_equal (runlog_new (place->folder, bound, &log, &error), BATON_OK);
    return log;
}

static runlog_page_t read_page (const place_t *place, uint64_t offset, size_t limit)
{
    runlog_page_t page = {.offset = 0};
    baton_error_t error;
    assert_int_equal (runlog_read (place->folder, offset, limit, &page, &error), BATON_OK);
    for (size_t i = 0; i < page.content.size; i++)
        assert_int_equal (page.content.data[i], byte_at (page.offset + i));
    assert_int_equal (page.next, page.offset + page.content.size);
    return page;
}

static void test_pages (void **state)
{
    const place_t *place = *state;
    runlog_t *log = open_log (place, 1 << 20);
    print (log, 0, 1000);
    runlog_destroy (&log);
    static const struct {
        uint64_t offset;
        size_t limit;
        uint64_t from, next;
    } CASES[] = {
        {0, 100, 0, 100}, {900, 100, 900, 1000}, {900, 500, 900, 1000}, {1000, 10, 1000, 1000}, {5000, 10, 0, 10}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        runlog_page_t page = read_page (place, CASES[i].offset, CASES[i].limit);
        assert_int_equal (page.offset, CASES[i].from);
        assert_int_equal (page.next, CASES[i].next);
        assert_int_equal (page.end, 1000);
        bytes_clear (&page.content);
    }
}

static void test_nothing_there (void **state)
{
    (void) state;
    runlog_page_t page = {.offset = 7};
    baton_error_t error;
    assert_int_equal (runlog_read ("/tmp/baton-no-such-folder", 7, 10, &page, &error), BATON_OK);
    assert_int_equal (page.next, 0);
    assert_int_equal (page.end, 0);
    bytes_clear (&page.content);
}

/*  Offsets stay what they are while the oldest bytes go, and what is kept is between half the bound and the bound. */
static void test_rotation (void **state)
{
    const place_t *place = *state;
    const uint64_t bound = 16384;
    runlog_t *log = open_log (place, bound);
    for (uint64_t at = 0; at < 100000; at += 700) {
        print (log, at, 700);
        runlog_page_t page = read_page (place, 0, 1 << 20);
        assert_int_equal (page.next, at + 700);
        assert_true (page.content.size <= bound);
        assert_true (at < bound / 2 || page.content.size >= bound / 2);
        bytes_clear (&page.content);
    }
    runlog_page_t page = read_page (place, 95000, 100);
    assert_int_equal (page.offset, 95000);
    bytes_clear (&page.content);
    runlog_destroy (&log);
}

/*  One write may be larger than the whole log. */
static void test_flood (void **state)
{
    const place_t *place = *state;
    runlog_t *log = open_log (place, RUNLOG_BOUND_LEAST);
    print (log, 0, 1 << 20);
    runlog_page_t page = read_page (place, 0, 1 << 21);
    assert_int_equal (page.next, 1 << 20);
    assert_true (page.content.size <= RUNLOG_BOUND_LEAST);
    bytes_clear (&page.content);
    runlog_destroy (&log);
}

/*  Another attempt goes on where the last one stopped. */
static void test_goes_on (void **state)
{
    const place_t *place = *state;
    for (uint64_t at = 0; at < 50000; at += 5000) {
        runlog_t *log = open_log (place, 16384);
        print (log, at, 5000);
        runlog_destroy (&log);
    }
    runlog_page_t page = read_page (place, 0, 1 << 20);
    assert_int_equal (page.next, 50000);
    bytes_clear (&page.content);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {TEST (test_pages), TEST (test_nothing_there), TEST (test_rotation),
                                       TEST (test_flood), TEST (test_goes_on)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
