#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts ---- */

static int hex_digit (char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char) (digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool route_decode (const char *text, size_t size, bool plus, char *ret_text, size_t room)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        int byte = (unsigned char) text[i];
        if (byte == '%') {
            int high = i + 1 < size ? hex_digit (text[i + 1]) : -1, low = i + 2 < size ? hex_digit (text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            byte = high * 16 + low;
            i += 2;
        } else if (byte == '+' && plus)
            byte = ' ';
        if (byte == 0 || length + 1 >= room)
            return false;
        ret_text[length++] = (char) byte;
    }
    ret_text[length] = 0;
    return true;
}

static baton_status malformed (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_url, "%s", what);
}

/* ---- parameters ---- */

static baton_status bad_parameter (const field_t *field, const char *what, baton_error_t *error)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_wrong_type, field->name, "%s must be %s",
                             field->name, what);
}

static bool parse_uint (const char *text, json_int_t *ret_number)
{
    char *end = NULL;
    size_t length = strlen (text);
    if (length == 0 || length > 18 || strspn (text, "0123456789") != length)
        return false;
    *ret_number = (json_int_t) strtoull (text, &end, 10);
    return true;
}

/*  What a text stands for; NULL, with the error set, when it can't be what the field is. */
static json_t *json_of_text (const field_t *field, const char *text, baton_error_t *error)
{
    json_int_t number = 0;
    json_t *json = NULL;
    switch (field->kind) {
    case FIELD_UINT:
        if (parse_uint (text, &number))
            json = json_integer (number);
        else
            bad_parameter (field, "a number", error);
        return json;
    case FIELD_FLAG:
        if (strcmp (text, "true") == 0 || strcmp (text, "1") == 0 || !*text)
            return json_true ();
        if (strcmp (text, "false") == 0 || strcmp (text, "0") == 0)
            return json_false ();
        bad_parameter (field, "true or false", error);
        return NULL;
    case FIELD_VALUE:
    case FIELD_INNER:
    case FIELD_LIST:
        json = json_loads (text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        if (!json)
            bad_parameter (field, "JSON", error);
        return json;
    default:
        json = json_string (text);
        if (!json)
            baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_text, field->name,
                              "%s is not valid UTF-8", field->name);
        return json;
    }
}

static baton_status again (const char *name, baton_error_t *error)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_duplicate_key, name, "%s is given twice",
                             name);
}

/*  labels=a=b&labels=c=d: each adds one to the list or the map. */
static baton_status add_to (json_t *params, const field_t *field, const char *text, baton_error_t *error)
{
    json_t *all = json_object_get (params, field->name);
    const char *equals = strchr (text, '=');
    bool map = field->kind == FIELD_PAIRS;
    if (map && (!equals || equals == text))
        return bad_parameter (field, "KEY=VALUE", error);
    if (!all) {
        all = map ? json_object () : json_array ();
        if (!all || json_object_set_new (params, field->name, all) != 0)
            return baton_fail_memory (error);
    }
    if (!map)
        return json_array_append_new (all, json_string (text)) == 0 ? BATON_OK
                                                                    : bad_parameter (field, "UTF-8 text", error);
    char key[LIMIT_TITLE + 1];
    if ((size_t) (equals - text) >= sizeof key)
        return bad_parameter (field, "KEY=VALUE, with a shorter key", error);
    snprintf (key, sizeof key, "%.*s", (int) (equals - text), text);
    if (json_object_get (all, key))
        return again (key, error);
    return json_object_set_new (all, key, json_string (equals + 1)) == 0 ? BATON_OK
                                                                         : bad_parameter (field, "UTF-8 text", error);
}

static baton_status add_parameter (json_t *params, const field_t *field, const char *text, baton_error_t *error)
{
    if (field->kind == FIELD_TEXTS || field->kind == FIELD_PAIRS)
        return add_to (params, field, text, error);
    if (json_object_get (params, field->name))
        return again (field->name, error);
    json_t *json = json_of_text (field, text, error);
    if (!json)
        return error->status;
    return json_object_set_new (params, field->name, json) == 0 ? BATON_OK : baton_fail_memory (error);
}

/* ---- the path ---- */

/*  The next segment of a path, from after its slash up to the next one; false at the end. */
static bool next_segment (const char **at, const char *end, const char **ret_segment, size_t *ret_size)
{
    if (*at >= end || **at != '/')
        return false;
    const char *segment = *at + 1, *slash = memchr (segment, '/', (size_t) (end - segment));
    *ret_segment = segment;
    *ret_size = (size_t) ((slash ? slash : end) - segment);
    *at = segment + *ret_size;
    return true;
}

static bool path_matches (const char *template, const char *path, size_t size)
{
    const char *a = template, *a_end = template + strlen (template), *b = path, *b_end = path + size;
    for (;;) {
        const char *expected, *given;
        size_t expected_size, given_size;
        bool more = next_segment (&a, a_end, &expected, &expected_size);
        if (more != next_segment (&b, b_end, &given, &given_size))
            return false;
        if (!more)
            return a == a_end && b == b_end;
        bool parameter = *expected == '{';
        if (parameter ? given_size == 0 : expected_size != given_size || memcmp (expected, given, given_size) != 0)
            return false;
    }
}

static baton_status take_path (const method_row_t *row, const char *path, size_t size, json_t *params,
                               baton_error_t *error)
{
    const char *a = row->path, *a_end = row->path + strlen (row->path), *b = path, *name, *given;
    size_t name_size, given_size;
    char text[LIMIT_PATH + 1], key[LIMIT_NAME + 1];
    baton_status status = BATON_OK;
    while (status == BATON_OK && next_segment (&a, a_end, &name, &name_size) &&
           next_segment (&b, path + size, &given, &given_size)) {
        if (*name != '{')
            continue;
        snprintf (key, sizeof key, "%.*s", (int) name_size - 2, name + 1);
        status = route_decode (given, given_size, false, text, sizeof text)
                     ? add_parameter (params, record_field (&row->type, key), text, error)
                     : malformed (error, "a part of the path is too long, or its percent-encoding is broken");
    }
    return status;
}

static bool has_body (const method_row_t *row)
{
    return strcmp (row->verb, "GET") != 0 && strcmp (row->verb, "DELETE") != 0;
}

static method_id_t find_method (const char *verb, const char *path, size_t size, char *ret_allowed, size_t room)
{
    size_t length = 0;
    for (int id = 1; id < METHOD_COUNT; id++) {
        const method_row_t *row = &METHODS[id];
        if (!*row->path || !path_matches (row->path, path, size))
            continue;
        if (strcmp (row->verb, verb) == 0 || (strcmp (verb, "HEAD") == 0 && strcmp (row->verb, "GET") == 0))
            return (method_id_t) id;
        if (length < room)
            length +=
                (size_t) snprintf (ret_allowed + length, room - length, "%s%s", length > 0 ? ", " : "", row->verb);
    }
    return METHOD_none;
}

/* ---- the query ---- */

/*  What belongs to waiting and not to the method. */
static baton_status take_wait (route_t *self, const char *name, const char *text, bool *ret_taken, baton_error_t *error)
{
    uint64_t *at = strcmp (name, "past") == 0 ? &self->past : strcmp (name, "timeout") == 0 ? &self->timeout : NULL;
    json_int_t number = 0;
    *ret_taken = at && !METHODS[self->method].change && !record_field (&METHODS[self->method].type, name);
    if (!*ret_taken)
        return BATON_OK;
    if (!parse_uint (text, &number))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_wrong_type, name, "%s must be a number",
                                 name);
    *at = (uint64_t) number;
    return BATON_OK;
}

static baton_status take_pair (route_t *self, const char *pair, size_t size, baton_error_t *error)
{
    const method_row_t *row = &METHODS[self->method];
    const char *equals = memchr (pair, '=', size);
    size_t name_size = equals ? (size_t) (equals - pair) : size;
    char name[LIMIT_NAME + 1], text[LIMIT_PATH + 1];
    bool taken = false;
    if (!route_decode (pair, name_size, true, name, sizeof name) ||
        !route_decode (pair + name_size + (equals != NULL), size - name_size - (equals != NULL), true, text,
                       sizeof text))
        return malformed (error, "a part of the query is too long, or its percent-encoding is broken");
    baton_status status = take_wait (self, name, text, &taken, error);
    if (status != BATON_OK || taken)
        return status;
    const field_t *field = record_field (&row->type, name);
    if (!field || self->has_body)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_unknown_field, name,
                                 "%s has no parameter %.100s in its query", row->name, name);
    return add_parameter (self->params, field, text, error);
}

static baton_status take_query (route_t *self, const char *query, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t count = 1; *query && status == BATON_OK; count++) {
        size_t size = strcspn (query, "&");
        if (count > ROUTE_PARAMETERS_MOST)
            return malformed (error, "the query has too many parameters");
        if (size > 0)
            status = take_pair (self, query, size, error);
        query += size + (query[size] == '&');
    }
    return status;
}

/* ---- all of it ---- */

baton_status route_find (const char *verb, const char *target, route_t *ret_route, baton_error_t *error)
{
    size_t size = strcspn (target, "?");
    if (*target != '/' || strlen (target) > ROUTE_TARGET_MOST || strchr (target, '#'))
        return malformed (error, "the path does not begin with a slash, or is too long");
    route_t route = {0};
    route.method = find_method (verb, target, size, route.allowed, sizeof route.allowed);
    if (route.method == METHOD_none && *route.allowed) {
        memcpy (ret_route->allowed, route.allowed, sizeof route.allowed);
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_wrong_verb, "%.*s has no %.16s", (int) size,
                           target, verb);
    }
    if (route.method == METHOD_none)
        return baton_fail (error, BATON_not_found, BATON_REASON_unknown_path, "there is nothing at %.200s", target);
    route.has_body = has_body (&METHODS[route.method]);
    route.params = json_object ();
    baton_status status = route.params ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK)
        status = take_path (&METHODS[route.method], target, size, route.params, error);
    if (status == BATON_OK && target[size] == '?')
        status = take_query (&route, target + size + 1, error);
    if (status == BATON_OK)
        *ret_route = route;
    else
        route_clear (&route);
    return status;
}

void route_clear (route_t *self)
{
    json_decref (self->params);
    *self = (route_t){0};
}

baton_status route_add_body (route_t *self, const char *data, size_t size, baton_error_t *error)
{
    json_error_t flaw;
    const char *key;
    json_t *element;
    baton_status status = BATON_OK;
    if (size == 0)
        return BATON_OK;
    json_t *body = json_loadb (data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &flaw);
    if (!body)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_json, "line %d, column %d: %s", flaw.line,
                           flaw.column, flaw.text);
    if (!json_is_object (body))
        status = baton_fail (error, BATON_invalid_argument, BATON_REASON_wrong_type, "the body must be an object");
    json_object_foreach (body, key, element)
    {
        if (status != BATON_OK)
            break;
        if (json_object_get (self->params, key))
            status = again (key, error);
        else if (json_object_set (self->params, key, element) != 0)
            status = baton_fail_memory (error);
    }
    json_decref (body);
    return status;
}
