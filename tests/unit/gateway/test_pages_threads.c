/*  Pages that are served as they are, by a gateway with no core behind it. */
#include "gateway.h"
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t SCRIPT[] = "let x", START[] = "<!doctype html>";
static const page_t PAGES[] = {
    {"/", "text/html; charset=utf-8", NULL, "1a", false, sizeof START - 1, START},
    {"/console/app.2b.js", "text/javascript", "gzip", "2b", true, sizeof SCRIPT - 1, SCRIPT},
};

static struct {
    void *zmq;
    door_t *door;
    gateway_t *gateway;
    char answer[65536];
} world;

static int set_up (void **state)
{
    (void) state;
    gateway_options_t options = {.listen = "127.0.0.1:0", .rate = 1000, .pages = PAGES, .page_count = 2};
    world.zmq = zmq_ctx_new ();
    return door_new (world.zmq, &world.door, NULL) == BATON_OK &&
                   gateway_new (&options, world.door, &world.gateway, NULL) == BATON_OK
               ? 0
               : -1;
}

static int tear_down (void **state)
{
    (void) state;
    gateway_destroy (&world.gateway);
    door_destroy (&world.door);
    return zmq_ctx_term (world.zmq);
}

/*  The code of the answer to a GET, which is kept as far as there is room; more: a further header with its CR LF. */
static int get (const char *target, const char *more)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    at.sin_port = htons ((uint16_t) strtoul (strrchr (gateway_url (world.gateway), ':') + 1, NULL, 10));
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true (fd >= 0 && connect (fd, (struct sockaddr *) &at, sizeof at) == 0);
    char text[512];
    int size =
        snprintf (text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", target, more);
    assert_int_equal (send (fd, text, (size_t) size, MSG_NOSIGNAL), size);
    size_t got = 0;
    for (ssize_t part; (part = recv (fd, world.answer + got, sizeof world.answer - 1 - got, 0)) > 0;)
        got += (size_t) part;
    world.answer[got] = 0;
    close (fd);
    return got > 12 ? atoi (world.answer + strlen ("HTTP/1.1 ")) : 0;
}

#define HAS(text) assert_non_null (strstr (world.answer, text))
#define LACKS(text) assert_null (strstr (world.answer, text))

static void a_page_comes_with_what_keeps_it_to_itself (void **state)
{
    (void) state;
    assert_int_equal (get ("/", ""), 200);
    HAS ("\r\n\r\n<!doctype html>");
    HAS ("\r\nETag: \"1a\"\r\n");
    HAS ("\r\nCache-Control: no-cache\r\n");
    HAS ("\r\nContent-Type: text/html; charset=utf-8\r\n");
    HAS ("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; ");
    HAS ("frame-ancestors 'none'");
    HAS ("\r\nX-Content-Type-Options: nosniff\r\n");
    LACKS ("Content-Encoding");
    LACKS ("unsafe");
}

static void what_has_its_hash_in_its_name_is_kept (void **state)
{
    (void) state;
    get ("/console/app.2b.js?x=1", "");
    HAS ("\r\nCache-Control: public, max-age=31536000, immutable\r\n");
    HAS ("\r\nContent-Encoding: gzip\r\n");
    HAS ("\r\n\r\nlet x");
}

static void what_a_browser_has_is_not_sent_again (void **state)
{
    (void) state;
    static const char *const SAME[] = {"\"1a\"", "W/\"1a\"", "\"0\", \"1a\""}, *const OTHERS[] = {"\"1b\"", "1a", ""};
    char header[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf (header, sizeof header, "If-None-Match: %s\r\n", SAME[i]);
        assert_int_equal (get ("/", header), 304);
        HAS ("\r\nETag: \"1a\"\r\n");
        LACKS ("doctype");
        snprintf (header, sizeof header, "If-None-Match: %s\r\n", OTHERS[i]);
        assert_int_equal (get ("/", header), 200);
        HAS ("doctype");
    }
}

/*  Made once: it is large, and anybody may ask for it. */
static void the_description_is_a_page (void **state)
{
    (void) state;
    char header[256];
    assert_int_equal (get ("/openapi.json", ""), 200);
    HAS ("\r\nContent-Type: application/json\r\n");
    const char *tag = strstr (world.answer, "\r\nETag: ");
    assert_non_null (tag);
    snprintf (header, sizeof header, "If-None-Match: %.*s\r\n", (int) strcspn (tag + 8, "\r"), tag + 8);
    assert_int_equal (get ("/openapi.json", header), 304);
}

static void other_paths_and_names_are_no_pages (void **state)
{
    (void) state;
    assert_int_equal (get ("/console/app.2b.jsx", ""), 404);
    assert_int_equal (get ("/console/../", ""), 404);
    assert_int_equal (get ("/%2f", ""), 404);
    assert_int_equal (get ("/", "Origin: http://evil.example\r\n"), 403);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_page_comes_with_what_keeps_it_to_itself),
        cmocka_unit_test (what_has_its_hash_in_its_name_is_kept),
        cmocka_unit_test (what_a_browser_has_is_not_sent_again),
        cmocka_unit_test (the_description_is_a_page),
        cmocka_unit_test (other_paths_and_names_are_no_pages),
    };
    return cmocka_run_group_tests (tests, set_up, tear_down);
}
