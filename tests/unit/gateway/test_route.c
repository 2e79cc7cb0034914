#include "route.h"

#include "unit.h"

#include <string.h>

#define ID "0123456789abcdefghjk"

static const struct {
    const char *verb, *target;
    method_id_t method;
    const char *params; /*  as JSON with sorted keys */
    baton_reason reason;
} CASES[] = {
    {"GET", "/v1/site", METHOD_site_about, "{}", 0},
    {"HEAD", "/v1/site", METHOD_site_about, "{}", 0},
    {"GET", "/v1/site?", METHOD_site_about, "{}", 0},
    {"GET", "/v1/sessions?limit=7&&labels=a=b&labels=c=d%3De", METHOD_session_list,
     "{\"labels\":{\"a\":\"b\",\"c\":\"d=e\"},\"limit\":7}", 0},
    {"GET", "/v1/sessions?match=a+b%2B%C3%BC", METHOD_session_list, "{\"match\":\"a b+\\u00FC\"}", 0},
    {"GET", "/v1/resolve/a%2Fb%3F+c", METHOD_session_resolve, "{\"ref\":\"a/b?+c\"}", 0},
    {"DELETE", "/v1/sessions/" ID "/memory/a%2fb", METHOD_memory_delete, "{\"key\":\"a/b\",\"session\":\"" ID "\"}", 0},
    {"GET", "/v1/sessions/" ID "?at=3&past=9&timeout=100", METHOD_session_show, "{\"at\":3,\"session\":\"" ID "\"}", 0},
    {"POST", "/v1/sessions", METHOD_session_create, "{}", 0},
    {"GET", "", METHOD_none, NULL, BATON_REASON_bad_url},
    {"GET", "v1/site", METHOD_none, NULL, BATON_REASON_bad_url},
    {"GET", "/v1/site#x", METHOD_none, NULL, BATON_REASON_bad_url},
    {"GET", "/", METHOD_none, NULL, BATON_REASON_unknown_path},
    {"GET", "/v1/site/", METHOD_none, NULL, BATON_REASON_unknown_path},
    {"GET", "/v1/sessions/%2e%2e/../site", METHOD_none, NULL, BATON_REASON_unknown_path},
    {"GET", "//v1/site", METHOD_none, NULL, BATON_REASON_unknown_path},
    {"get", "/v1/site", METHOD_none, NULL, BATON_REASON_wrong_verb},
    {"POST", "/v1/site", METHOD_none, NULL, BATON_REASON_wrong_verb},
    {"GET", "/v1/resolve/%4", METHOD_none, NULL, BATON_REASON_bad_url},
    {"GET", "/v1/resolve/%00", METHOD_none, NULL, BATON_REASON_bad_url},
    {"GET", "/v1/resolve/%ff", METHOD_none, NULL, BATON_REASON_bad_text},
    {"GET", "/v1/sessions?limit=1&limit=1", METHOD_none, NULL, BATON_REASON_duplicate_key},
    {"GET", "/v1/sessions?limit=-1", METHOD_none, NULL, BATON_REASON_wrong_type},
    {"GET", "/v1/sessions?limit=1234567890123456789", METHOD_none, NULL, BATON_REASON_wrong_type},
    {"GET", "/v1/sessions?labels=a", METHOD_none, NULL, BATON_REASON_wrong_type},
    {"GET", "/v1/sessions?labels=a=1&labels=a=2", METHOD_none, NULL, BATON_REASON_duplicate_key},
    {"GET", "/v1/sessions/" ID "?session=x", METHOD_none, NULL, BATON_REASON_duplicate_key},
    {"POST", "/v1/sessions?title=t", METHOD_none, NULL, BATON_REASON_unknown_field},
    {"GET", "/v1/sessions?past=1&past", METHOD_none, NULL, BATON_REASON_wrong_type},
};

static void targets (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        route_t route = {0};
        baton_error_t error = {0};
        baton_status status = route_find (CASES[i].verb, CASES[i].target, &route, &error);
        if ((status == BATON_OK) != (CASES[i].reason == 0) || error.reason != CASES[i].reason ||
            route.method != CASES[i].method)
            fail_msg ("%s %s: %s %s", CASES[i].verb, CASES[i].target, baton_reason_name (error.reason), error.message);
        char *params =
            route.params ? json_dumps (route.params, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII) : NULL;
        if (CASES[i].params)
            assert_string_equal (params, CASES[i].params);
        free (params);
        route_clear (&route);
    }
}

/*  Each method is found by its own verb and path, and by no other's. */
static void every_path_leads_to_its_method (void **state)
{
    (void) state;
    for (int id = 1; id < METHOD_COUNT; id++) {
        char target[512] = "";
        const char *path = METHODS[id].path;
        for (size_t length = 0; *path; path++) /*  7 for each parameter */
            if (*path == '{') {
                target[length++] = '7';
                path = strchr (path, '}');
            } else
                target[length++] = *path;
        route_t route = {0};
        if (!*target)
            continue;
        if (route_find (METHODS[id].verb, target, &route, NULL) != BATON_OK || route.method != (method_id_t) id)
            fail_msg ("%s leads elsewhere", target);
        route_clear (&route);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (targets), cmocka_unit_test (every_path_leads_to_its_method)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
