#include "guard.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static void hosts (void **state)
{
    (void) state;
    static const char *const NAMES[] = {"baton.example.org", "[fe80::1]"};
    static const char *const OURS[] = {
        "localhost",  "LocalHost:7680", "127.0.0.1",         "127.1.2.3:1",          "[::1]",
        "[::1]:7680", "[fe80::1]:1",    "Baton.Example.org", "baton.example.org:443"};
    static const char *const OTHERS[] = {"",
                                         ":80",
                                         "evil.example",
                                         "localhost.evil.example",
                                         "127.0.0.1.evil.example",
                                         "127.0.0.1@evil.example",
                                         "localhost:80@evil.example",
                                         "localhost:808080",
                                         "128.0.0.1",
                                         "0x7f.0.0.1",
                                         "[::1",
                                         "[::1]x",
                                         "[::2]"};
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
        if (!guard_host (OURS[i], NAMES, 2))
            fail_msg ("%s is ours", OURS[i]);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (guard_host (OTHERS[i], NAMES, 2))
            fail_msg ("%s is not ours", OTHERS[i]);
}

static void origins (void **state)
{
    (void) state;
    assert_true (guard_origin ("http://localhost:7680", "localhost:7680"));
    assert_true (guard_origin ("https://Baton.example.org", "baton.example.org"));
    assert_false (guard_origin ("http://localhost", "localhost:7680"));
    assert_false (guard_origin ("http://localhost:7680/", "localhost:7680"));
    assert_false (guard_origin ("file://localhost:7680", "localhost:7680"));
    assert_false (guard_origin ("null", "null"));
}

static struct sockaddr_storage address (const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *) &storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) &storage;
    if (inet_pton (AF_INET, text, &v4->sin_addr) == 1)
        v4->sin_family = AF_INET;
    else if (inet_pton (AF_INET6, text, &v6->sin6_addr) == 1)
        v6->sin6_family = AF_INET6;
    return storage;
}

static void tries (void **state)
{
    (void) state;
    struct sockaddr_storage one = address ("2001:db8::1"), near = address ("2001:db8::2");
    guard_t *guard = guard_new ();
    assert_non_null (guard);
    for (int i = 0; i < GUARD_BURST; i++) {
        assert_true (guard_may_try (guard, (struct sockaddr *) &one, 1000));
        guard_failed (guard, (struct sockaddr *) &one, 1000);
    }
    assert_false (guard_may_try (guard, (struct sockaddr *) &one, 1000));
    assert_false (guard_may_try (guard, (struct sockaddr *) &near, 1000)); /*  the same network */
    assert_true (guard_may_try (guard, (struct sockaddr *) &one, 1000 + 1000 / GUARD_RATE));
    guard_destroy (&guard);
}

static void rates (void **state)
{
    (void) state;
    enum { RATE = 10 };
    struct sockaddr_storage from = address ("192.0.2.1"), there = address ("192.0.2.2");
    guard_t *guard = guard_new ();
    assert_non_null (guard);
    for (int i = 0; i < RATE * GUARD_AHEAD; i++) {
        assert_true (guard_admit (guard, "one", (struct sockaddr *) &from, RATE, 1000));
        assert_true (guard_admit (guard, "", (struct sockaddr *) &from, RATE, 1000)); /*  counted by itself */
    }
    assert_false (guard_admit (guard, "one", (struct sockaddr *) &there, RATE, 1000));
    assert_false (guard_admit (guard, "", (struct sockaddr *) &from, RATE, 1000));
    assert_true (guard_may_try (guard, (struct sockaddr *) &from, 1000));
    for (int i = 0; i < RATE; i++)
        assert_true (guard_admit (guard, "one", (struct sockaddr *) &from, RATE, 2000));
    assert_false (guard_admit (guard, "one", (struct sockaddr *) &from, RATE, 2000));
    guard_destroy (&guard);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (hosts), cmocka_unit_test (origins), cmocka_unit_test (tries),
                                       cmocka_unit_test (rates)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
