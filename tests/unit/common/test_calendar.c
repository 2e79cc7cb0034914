#include "calendar.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- parsing ---- */

static void rules_that_are_refused (void **state)
{
    (void) state;
    static const struct {
        const char *rule, *says;
    } BAD[] = {
        {"", "five fields"},
        {"* * * *", "five fields"},
        {"* * * * * *", "five fields"},
        {"@fortnightly", "five fields"},
        {"60 * * * *", "60 is no minute"},
        {"* 24 * * *", "24 is no hour"},
        {"* * 0 * *", "0 is no day"},
        {"* * 32 * *", "32 is no day"},
        {"* * * 13 *", "13 is no month"},
        {"* * * foo *", "foo is no month"},
        {"* * * * 8", "8 is no weekday"},
        {"* * * * L", "L is no weekday"},
        {"5-1 * * * *", "5-1 is no minute"},
        {"*/0 * * * *", "*/0 is no minute"},
        {"1, * * * *", "1, is no minute"},
        {",1 * * * *", ",1 is no minute"},
        {"1-2-3 * * * *", "1-2-3 is no minute"},
        {"-1 * * * *", "-1 is no minute"},
        {"1.5 * * * *", "1.5 is no minute"},
        {"0 0 31 2 *", "never fires"},
        {"0 0 30 feb *", "never fires"},
        {"0 0 31 4,6,9,11 *", "never fires"},
    };
    for (size_t i = 0; i < COUNT (BAD); i++) {
        calendar_t calendar;
        baton_error_t error = {0};
        if (calendar_parse (BAD[i].rule, &calendar, &error) != BATON_invalid_argument ||
            !strstr (error.message, BAD[i].says) || strcmp (error.field, "calendar") != 0)
            fail_msg ("%s: %s", BAD[i].rule, error.message);
    }
}

/* ---- times ---- */

static zone_t *load (const char *name)
{
    char path[256];
    static uint8_t data[65536];
    zone_t *zone = NULL;
    baton_error_t error = {0};
    snprintf (path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen (path, "rb");
    assert_non_null (file);
    size_t size = fread (data, 1, sizeof data, file);
    fclose (file);
    assert_int_equal (zone_new (data, size, &zone, &error), BATON_OK);
    return zone;
}

static uint64_t time_of (const char *text)
{
    struct tm parts = {0};
    const char *rest = strptime (text, "%Y-%m-%d %H:%M:%S", &parts);
    assert_non_null (rest);
    return (uint64_t) timegm (&parts) * 1000;
}

/*  All times are UTC; each row's times follow one after the other. */
static const struct {
    const char *rule, *zone, *after, *times[6];
} NEXT[] = {
    {"* * * * *", "UTC", "2026-01-01 00:00:00", {"2026-01-01 00:01:00", "2026-01-01 00:02:00"}},
    {"0 0 * * *", "UTC", "2025-12-31 23:59:59", {"2026-01-01 00:00:00", "2026-01-02 00:00:00"}},
    {"@hourly", "UTC", "2026-01-01 10:30:00", {"2026-01-01 11:00:00"}},
    {"@weekly", "UTC", "2026-01-01 00:00:00", {"2026-01-04 00:00:00", "2026-01-11 00:00:00"}},
    {"@monthly", "UTC", "2026-01-01 00:00:00", {"2026-02-01 00:00:00"}},
    {"@Yearly", "UTC", "2026-01-01 00:00:00", {"2027-01-01 00:00:00"}},
    {"*/20 9-10 * * *", "UTC", "2026-01-01 09:30:00", {"2026-01-01 09:40:00", "2026-01-01 10:00:00"}},
    {"5/25 * * * *",
     "UTC",
     "2026-01-01 00:00:00",
     {"2026-01-01 00:05:00", "2026-01-01 00:30:00", "2026-01-01 00:55:00"}},
    {"0 12 * * mon-fri", "UTC", "2026-01-02 13:00:00", {"2026-01-05 12:00:00"}},
    {"0 12 * * 7", "UTC", "2026-01-02 13:00:00", {"2026-01-04 12:00:00"}},
    {"0 12 * * sun", "UTC", "2026-01-02 13:00:00", {"2026-01-04 12:00:00"}},
    {"0 0 29 2 *", "UTC", "2026-01-01 00:00:00", {"2028-02-29 00:00:00", "2032-02-29 00:00:00"}},
    {"0 0 29 2 *", "UTC", "2096-03-01 00:00:00", {"2104-02-29 00:00:00"}},
    {"0 0 31 * *", "UTC", "2026-01-31 00:00:00", {"2026-03-31 00:00:00", "2026-05-31 00:00:00"}},
    /*  Either is enough: the 13th, and Fridays. */
    {"0 0 13 * fri",
     "UTC",
     "2026-01-08 00:00:00",
     {"2026-01-09 00:00:00", "2026-01-13 00:00:00", "2026-01-16 00:00:00"}},
    /*  Both are needed when one of them begins with a star. */
    {"0 0 */2 * mon", "UTC", "2026-01-01 00:00:00", {"2026-01-05 00:00:00", "2026-01-19 00:00:00"}},
    {"0 0 13 * *", "UTC", "2026-01-08 00:00:00", {"2026-01-13 00:00:00", "2026-02-13 00:00:00"}},
    /*  Winter and summer. */
    {"0 2 * * *", "America/New_York", "2026-01-01 00:00:00", {"2026-01-01 07:00:00"}},
    {"0 2 * * *", "America/New_York", "2026-07-01 00:00:00", {"2026-07-01 06:00:00"}},
    {"0 0 * * *", "Asia/Kathmandu", "2026-01-01 00:00:00", {"2026-01-01 18:15:00"}},
    /*  29 March 2026: 02:00 becomes 03:00 at 01:00 UTC. What does not exist fires at the change, once. */
    {"30 2 * * *", "Europe/Berlin", "2026-03-28 02:00:00", {"2026-03-29 01:00:00", "2026-03-30 00:30:00"}},
    {"0 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00:00", {"2026-03-29 01:00:00", "2026-03-30 00:00:00"}},
    {"0,30 2 * * *", "Europe/Berlin", "2026-03-29 00:59:59", {"2026-03-29 01:00:00", "2026-03-30 00:00:00"}},
    {"30 2 * * *", "Europe/Berlin", "2026-03-29 01:00:00", {"2026-03-30 00:30:00"}},
    {"30 * * * *", "Europe/Berlin", "2026-03-29 00:00:00", {"2026-03-29 00:30:00", "2026-03-29 01:30:00"}},
    /*  25 October 2026: 03:00 becomes 02:00 at 01:00 UTC. What exists twice fires the first time. */
    {"30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00", {"2026-10-25 00:30:00", "2026-10-26 01:30:00"}},
    {"30 2 * * *", "Europe/Berlin", "2026-10-25 00:30:00", {"2026-10-26 01:30:00"}},
    {"30 2 * * *", "Europe/Berlin", "2026-10-25 01:10:00", {"2026-10-26 01:30:00"}},
    {"0 3 * * *", "Europe/Berlin", "2026-10-24 12:00:00", {"2026-10-25 02:00:00"}},
    /*  But every half hour is every half hour. */
    {"*/30 * * * *",
     "Europe/Berlin",
     "2026-10-25 00:00:00",
     {"2026-10-25 00:30:00", "2026-10-25 01:00:00", "2026-10-25 01:30:00", "2026-10-25 02:00:00"}},
    /*  Half an hour of change. */
    {"15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00:00", {"2026-10-03 15:30:00", "2026-10-04 15:15:00"}},
    /*  A day that was left out altogether: 30 December 2011. */
    {"0 12 30 12 *", "Pacific/Apia", "2011-12-29 00:00:00", {"2011-12-30 10:00:00", "2012-12-29 22:00:00"}},
    /*  Past what the file lists one by one: its rule goes on. */
    {"30 2 * * *", "Europe/Berlin", "2060-03-27 12:00:00", {"2060-03-28 01:00:00", "2060-03-29 00:30:00"}},
    {"0 2 * * *", "America/New_York", "2060-07-01 00:00:00", {"2060-07-01 06:00:00"}},
    {"0 12 * * *", "Australia/Sydney", "2070-01-10 12:00:00", {"2070-01-11 01:00:00"}},
};

static void next_times (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (NEXT); i++) {
        calendar_t calendar;
        baton_error_t error = {0};
        zone_t *zone = load (NEXT[i].zone);
        if (calendar_parse (NEXT[i].rule, &calendar, &error) != BATON_OK)
            fail_msg ("%s: %s", NEXT[i].rule, error.message);
        uint64_t at = time_of (NEXT[i].after);
        for (size_t k = 0; k < COUNT (NEXT[i].times) && NEXT[i].times[k]; k++) {
            at = calendar_next (&calendar, zone, at);
            if (at != time_of (NEXT[i].times[k]))
                fail_msg ("%s in %s: number %zu should be %s, and is %+lld s away", NEXT[i].rule, NEXT[i].zone, k,
                          NEXT[i].times[k], (long long) (at - time_of (NEXT[i].times[k])) / 1000);
        }
        zone_destroy (&zone);
    }
}

/*  From wherever one asks, the next time is the same one: what every second of two days says around both changes. */
static void the_next_time_is_the_same_from_wherever_one_asks (void **state)
{
    (void) state;
    static const char *const RULES[] = {"30 2 * * *", "*/20 * * * *", "0 1-4 * * *"}, *const DAYS[] = {
                                                                                          "2026-03-28 20:00:00",
                                                                                          "2026-10-24 20:00:00"};
    zone_t *zone = load ("Europe/Berlin");
    for (size_t r = 0; r < COUNT (RULES); r++)
        for (size_t d = 0; d < COUNT (DAYS); d++) {
            calendar_t calendar;
            baton_error_t error = {0};
            assert_int_equal (calendar_parse (RULES[r], &calendar, &error), BATON_OK);
            uint64_t begin = time_of (DAYS[d]), next = calendar_next (&calendar, zone, begin);
            for (uint64_t at = begin; at < begin + 43200000; at += 1000) {
                if (at >= next)
                    next = calendar_next (&calendar, zone, next);
                assert_int_equal (calendar_next (&calendar, zone, at), next);
            }
        }
    zone_destroy (&zone);
}

/* ---- zones ---- */

/*  Each offset is what the C library says. */
static void offsets_are_those_of_the_c_library (void **state)
{
    (void) state;
    static const char *const ZONES[] = {"Europe/Berlin",     "America/New_York", "Asia/Tokyo",
                                        "Africa/Casablanca", "Pacific/Apia",     "America/Santiago",
                                        "Europe/Dublin",     "Asia/Tehran",      "UTC"};
    for (size_t i = 0; i < COUNT (ZONES); i++) {
        zone_t *zone = load (ZONES[i]);
        setenv ("TZ", ZONES[i], 1);
        tzset ();
        for (int64_t at = 0; at < 5000000000; at += 7654321) {
            time_t moment = at;
            struct tm parts;
            localtime_r (&moment, &parts);
            if (zone_offset (zone, at) != parts.tm_gmtoff)
                fail_msg ("%s at %lld: %lld, not %ld", ZONES[i], (long long) at, (long long) zone_offset (zone, at),
                          parts.tm_gmtoff);
        }
        zone_destroy (&zone);
    }
    unsetenv ("TZ");
    assert_int_equal (zone_offset (NULL, 5), 0);
}

static void a_file_that_is_cut_short_is_refused (void **state)
{
    (void) state;
    static uint8_t data[65536];
    FILE *file = fopen ("/usr/share/zoneinfo/Europe/Berlin", "rb");
    assert_non_null (file);
    size_t size = fread (data, 1, sizeof data, file);
    fclose (file);
    for (size_t cut = 0; cut < size; cut++) {
        zone_t *zone = NULL;
        baton_error_t error = {0};
        uint8_t *part = malloc (cut + 1); /*  so that a sanitizer sees what is read behind it */
        memcpy (part, data, cut);
        assert_int_equal (zone_new (part, cut, &zone, &error), BATON_invalid_argument);
        assert_null (zone);
        free (part);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (rules_that_are_refused),
        cmocka_unit_test (next_times),
        cmocka_unit_test (the_next_time_is_the_same_from_wherever_one_asks),
        cmocka_unit_test (offsets_are_those_of_the_c_library),
        cmocka_unit_test (a_file_that_is_cut_short_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
