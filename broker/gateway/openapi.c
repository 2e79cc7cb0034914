#include "openapi.h"

#include "id.h"
#include "record_json.h"
#include "schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *ref (const char *kind, const char *name)
{
    return json_pack ("{s:s++}", "$ref", "#/components/", kind, name);
}

/*  The schema of one field, taken out of that of its record. Borrowed from it. */
static json_t *schema_of (json_t *record, const char *field)
{
    return json_object_get (json_object_get (record, "properties"), field);
}

static bool in_path (const method_row_t *row, const char *field)
{
    char part[LIMIT_NAME + 3];
    snprintf (part, sizeof part, "{%s}", field);
    return strstr (row->path, part) != NULL;
}

static bool has_body (const method_row_t *row)
{
    return strcmp (row->verb, "GET") != 0 && strcmp (row->verb, "DELETE") != 0;
}

/* ---- paths ---- */

/*  Whether two paths differ at most in what their parameters are called: then they are one. */
static bool same_shape (const char *one, const char *other)
{
    while (*one && *one == *other) {
        if (*one == '{') {
            one += strcspn (one, "}");
            other += strcspn (other, "}");
        }
        one++;
        other++;
    }
    return *one == *other;
}

/*  The path under which a method stands: that of the last method with such a path. */
static const char *path_of (const method_row_t *row)
{
    const char *path = row->path;
    for (int id = 1; id < METHOD_COUNT; id++)
        if (same_shape (METHODS[id].path, row->path))
            path = METHODS[id].path;
    return path;
}

/*  What a field of the method is called there: the parameter at the same place. */
static void name_in_path (const method_row_t *row, const char *field, char ret_name[LIMIT_NAME + 1])
{
    char part[LIMIT_NAME + 3];
    snprintf (part, sizeof part, "{%s}", field);
    const char *end = strstr (row->path, part), *at = path_of (row);
    size_t before = 0;
    for (const char *brace = row->path; (brace = strchr (brace, '{')) && brace < end; brace++)
        before++;
    for (at = strchr (at, '{') + 1; before-- > 0;)
        at = strchr (at, '{') + 1;
    snprintf (ret_name, LIMIT_NAME + 1, "%.*s", (int) strcspn (at, "}"), at);
}

/* ---- parameters ---- */

/*  Lists repeat their name, and pairs are KEY=VALUE; what is JSON is sent as JSON. */
static json_t *parameter (const method_row_t *row, const field_t *field, json_t *schema, bool path)
{
    char name[LIMIT_NAME + 1];
    snprintf (name, sizeof name, "%s", field->name);
    if (path)
        name_in_path (row, field->name, name);
    json_t *parameter =
        json_pack ("{s:s, s:s, s:b}", "name", name, "in", path ? "path" : "query", "required", path || field->required);
    if (parameter && *field->help)
        json_object_set_new (parameter, "description", json_string (field->help));
    if (parameter && field->kind == FIELD_PAIRS)
        schema = json_pack ("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
    else
        schema = json_incref (schema);
    if (parameter && (field->kind == FIELD_VALUE || field->kind == FIELD_LIST || field->kind == FIELD_INNER))
        json_object_set_new (parameter, "content", json_pack ("{s:{s:o}}", "application/json", "schema", schema));
    else if (parameter)
        json_object_set_new (parameter, "schema", schema);
    return parameter;
}

static json_t *header_parameters (const method_row_t *row)
{
    static const char *const OF_CHANGES[] = {"IdempotencyKey", "IfMatch", "Fence"};
    static const char *const OF_READS[] = {"IfNoneMatch", "Prefer"};
    json_t *list = json_array ();
    for (size_t i = 0; i < (row->change ? 3 : 2); i++)
        json_array_append_new (list, ref ("parameters/", row->change ? OF_CHANGES[i] : OF_READS[i]));
    return list;
}

/* ---- operations ---- */

static json_t *responses_of (const method_row_t *row)
{
    return json_pack ("{s:{s:s, s:{s:{s:o}}}, s:o, s:o}", "200", "description", row->help, "content",
                      "application/json", "schema", ref ("schemas/", row->reply->name), "4XX",
                      ref ("responses/", "Problem"), "5XX", ref ("responses/", "Problem"));
}

/*  What is in the path is no part of the body. */
static void take_from_body (json_t *body, const char *field)
{
    json_t *required = json_object_get (body, "required");
    json_object_del (json_object_get (body, "properties"), field);
    for (size_t i = json_array_size (required); i-- > 0;)
        if (strcmp (json_string_value (json_array_get (required, i)), field) == 0)
            json_array_remove (required, i);
    if (required && json_array_size (required) == 0)
        json_object_del (body, "required");
}

static json_t *operation_of (const method_row_t *row)
{
    json_t *record = record_schema (&row->type, SCHEMA_REQUEST), *parameters = header_parameters (row);
    json_t *body = json_deep_copy (record);
    for (const field_t *field = row->type.fields (); field->name; field++) {
        bool path = in_path (row, field->name);
        if (path || !has_body (row))
            json_array_append_new (parameters, parameter (row, field, schema_of (record, field->name), path));
        if (path)
            take_from_body (body, field->name);
    }
    json_t *operation = json_pack ("{s:s, s:s, s:s, s:[s#], s:o, s:o}", "operationId", row->name, "summary", row->help,
                                   "description", row->help, "tags", row->name, (int) strcspn (row->name, "."),
                                   "parameters", parameters, "responses", responses_of (row));
    if (operation && has_body (row))
        json_object_set_new (operation, "requestBody",
                             json_pack ("{s:b, s:{s:{s:O}}}", "required", json_object_get (body, "required") != NULL,
                                        "content", "application/json", "schema", body));
    if (operation && row->access == ACCESS_open)
        json_object_set_new (operation, "security", json_pack ("[{}, {s:[]}]", "bearer"));
    json_decref (body);
    json_decref (record);
    return operation;
}

/* ---- the whole ---- */

static json_t *header (const char *name, const char *help)
{
    return json_pack ("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", name, "in", "header", "required", 0, "description", help,
                      "schema", "type", "string");
}

static json_t *common_parameters (void)
{
    return json_pack (
        "{s:o, s:o, s:o, s:o, s:o}", "IdempotencyKey",
        header ("Idempotency-Key", "the same key and fields get the first answer again"), "IfMatch",
        header ("If-Match", "refuse the change unless the session's journal stands at this position, in quotes"),
        "Fence", header ("Baton-Fence", "the number of the edit lock that the client holds"), "IfNoneMatch",
        header ("If-None-Match", "wait until the session's journal is past this position, in quotes"), "Prefer",
        header ("Prefer", "wait=SECONDS: how long to wait for that"));
}

static json_t *problem_schema (void)
{
    return json_pack (
        "{s:s, s:[s,s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type",
        "object", "required", "type", "title", "status", "detail", "reason", "properties", "type", "type", "string",
        "title", "type", "string", "status", "type", "integer", "detail", "type", "string", "reason", "type", "string",
        "field", "type", "string", "hint", "type", "string", "retry", "type", "boolean");
}

static json_t *components (json_t *schemas)
{
    json_object_set_new (schemas, "problem", problem_schema ());
    return json_pack ("{s:o, s:o, s:{s:{s:s, s:{s:{s:o}}}}, s:{s:{s:s, s:s, s:s}}}", "schemas", schemas, "parameters",
                      common_parameters (), "responses", "Problem", "description", "why not (RFC 9457)", "content",
                      "application/problem+json", "schema", ref ("schemas/", "problem"), "securitySchemes", "bearer",
                      "type", "http", "scheme", "bearer", "description", "a token of baton token create");
}

/*  Methods of one noun have its tag; they don't all stand together. */
static void add_tag (json_t *tags, const char *method)
{
    int noun = (int) strcspn (method, ".");
    for (size_t i = 0; i < json_array_size (tags); i++) {
        const char *known = json_string_value (json_object_get (json_array_get (tags, i), "name"));
        if ((int) strlen (known) == noun && strncmp (known, method, (size_t) noun) == 0)
            return;
    }
    json_array_append_new (tags, json_pack ("{s:s#}", "name", method, noun));
}

json_t *openapi_document (void)
{
    json_t *paths = json_object (), *schemas = json_object (), *tags = json_array ();
    char verb[16];
    for (int id = 1; id < METHOD_COUNT; id++) {
        const method_row_t *row = &METHODS[id];
        if (!*row->path)
            continue;
        json_t *path = json_object_get (paths, path_of (row));
        if (!path)
            json_object_set_new (paths, path_of (row), path = json_object ());
        for (size_t i = 0; i <= strlen (row->verb) && i < sizeof verb; i++)
            verb[i] = (char) tolower (row->verb[i]);
        json_object_set_new (path, verb, operation_of (row));
        if (!json_object_get (schemas, row->reply->name))
            json_object_set_new (schemas, row->reply->name, record_schema (row->reply, SCHEMA_ANSWER));
        add_tag (tags, row->name);
    }
    return json_pack ("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:[{s:[]}], s:o, s:o, s:o}", "openapi",
                      "3.1.0", "info", "title", "Baton", "version", BATON_VERSION, "description",
                      "Sessions of fleets of agents: see docs/http.md.", "license", "name", "Apache 2.0", "identifier",
                      "Apache-2.0", "servers", "url", "/", "security", "bearer", "tags", tags, "paths", paths,
                      "components", components (schemas));
}

baton_status openapi_page (page_t *ret_page, baton_error_t *error)
{
    json_t *document = openapi_document ();
    char *text = document ? json_dumps (document, JSON_COMPACT) : NULL, *hash = malloc (DIGEST_SIZE);
    json_decref (document);
    if (!text || !hash) {
        free (text);
        free (hash);
        return baton_fail_memory (error);
    }
    digest_of (text, strlen (text), hash);
    *ret_page = (page_t){.path = "/openapi.json",
                         .type = "application/json",
                         .hash = hash,
                         .size = strlen (text),
                         .data = (uint8_t *) text};
    return BATON_OK;
}
