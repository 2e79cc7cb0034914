/*  Members in files that are JSON, YAML or XML: read with the libraries for those. */
#include "limits.h"
#include "patterns.h"

#include <expat.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- JSON ---- */

/*  Several tools allow comments: they become spaces. */
static void blank_comments (char *text)
{
    bool quoted = false;
    for (char *at = text; *at; at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && at[0] == '/' && (at[1] == '/' || at[1] == '*')) {
            bool line = at[1] == '/';
            char *stop = line ? strchr (at, '\n') : strstr (at + 2, "*/");
            char *end = stop ? stop + (line ? 0 : 2) : at + strlen (at);
            memset (at, ' ', (size_t) (end - at));
            at = end - 1;
        }
    }
}

static const char *path_of (const json_t *element)
{
    return json_string_value (json_is_object (element) ? json_object_get (element, "path") : element);
}

void patterns_read_json (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    char *plain = strndup (text, size);
    if (!plain)
        return;
    blank_comments (plain);
    json_t *json = json_loads (plain, 0, NULL);
    const json_t *list = json_object_get (json, group->where);
    if (json_is_object (list))
        list = json_object_get (list, "packages");
    patterns->listed = patterns->listed || json_is_array (list);
    for (size_t i = 0; i < json_array_size (list); i++) {
        const char *path = path_of (json_array_get (list, i));
        if (path && !patterns_add (patterns, "", path, strlen (path), ""))
            break;
    }
    json_decref (json);
    free (plain);
}

/* ---- YAML ---- */

#define YAML_DEEPEST 4

/*  Where the events of a document stand: in which mapping, and whether its next scalar is a key. */
typedef struct {
    const group_t *group;
    patterns_t *patterns;
    unsigned depth;
    bool mapping[YAML_DEEPEST + 1];
    bool key[YAML_DEEPEST + 1];
    bool wanted; /*  below the key that was looked for */
} yaml_place_t;

/*  A value has ended, or a key: in a mapping they alternate. */
static void yaml_turn (yaml_place_t *place)
{
    if (place->depth > YAML_DEEPEST || !place->mapping[place->depth])
        return;
    place->key[place->depth] = !place->key[place->depth];
    if (place->depth == 1 && place->key[1])
        place->wanted = false;
}

static void yaml_scalar (yaml_place_t *place, const char *text, size_t size)
{
    bool key = place->depth <= YAML_DEEPEST && place->mapping[place->depth] && place->key[place->depth];
    if (place->depth == 1 && key)
        place->wanted = strlen (place->group->where) == size && memcmp (place->group->where, text, size) == 0;
    else if (place->wanted && !key && place->depth <= YAML_DEEPEST)
        patterns_add (place->patterns, "", text, size, "");
    if (place->wanted)
        place->patterns->listed = true;
    yaml_turn (place);
}

static void yaml_begin (yaml_place_t *place, bool mapping)
{
    place->depth++;
    if (place->depth > YAML_DEEPEST)
        return;
    place->mapping[place->depth] = mapping;
    place->key[place->depth] = mapping;
}

/*  False at the end of the document, and where it can't be read any further. */
static bool yaml_step (yaml_place_t *place, yaml_parser_t *parser)
{
    yaml_event_t event;
    if (!yaml_parser_parse (parser, &event))
        return false;
    bool more = event.type != YAML_STREAM_END_EVENT && event.type != YAML_DOCUMENT_END_EVENT;
    switch (event.type) {
    case YAML_SCALAR_EVENT:
        yaml_scalar (place, (const char *) event.data.scalar.value, event.data.scalar.length);
        break;
    case YAML_ALIAS_EVENT:
        yaml_turn (place);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        yaml_begin (place, event.type == YAML_MAPPING_START_EVENT);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        place->depth--;
        yaml_turn (place);
        break;
    default:
        break;
    }
    yaml_event_delete (&event);
    return more && !place->patterns->failed;
}

void patterns_read_yaml (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    yaml_place_t place = {.group = group, .patterns = patterns};
    yaml_parser_t parser;
    if (!yaml_parser_initialize (&parser))
        return;
    yaml_parser_set_input_string (&parser, (const unsigned char *) text, size);
    while (yaml_step (&place, &parser))
        ;
    yaml_parser_delete (&parser);
}

/* ---- XML ---- */

#define XML_NAME 64

/*  Its element and the one around it: where the reader stands. */
typedef struct {
    const group_t *group;
    patterns_t *patterns;
    XML_Parser parser;
    char parent[XML_NAME];
    bool within;
    size_t size;
    char text[LIMIT_PATH];
} xml_place_t;

static void XMLCALL xml_begin (void *self, const XML_Char *name, const XML_Char **attributes)
{
    (void) attributes;
    xml_place_t *place = self;
    char path[2 * XML_NAME + 2];
    snprintf (path, sizeof path, "%s/%s", place->parent, name);
    place->within = strcmp (path, place->group->where) == 0;
    place->size = 0;
    snprintf (place->parent, sizeof place->parent, "%s", name);
}

static void XMLCALL xml_end (void *self, const XML_Char *name)
{
    (void) name;
    xml_place_t *place = self;
    /*  The next sibling's parent is this one's: the members are leaves, so that one is known. */
    if (place->within) {
        patterns_add (place->patterns, "", place->text, place->size, "");
        snprintf (place->parent, sizeof place->parent, "%.*s", (int) strcspn (place->group->where, "/"),
                  place->group->where);
    } else
        place->parent[0] = '\0';
    place->within = false;
}

static void XMLCALL xml_text (void *self, const XML_Char *text, int size)
{
    xml_place_t *place = self;
    for (int i = 0; place->within && i < size && place->size < sizeof place->text - 1; i++)
        if (!strchr (" \t\r\n", text[i]))
            place->text[place->size++] = text[i];
}

/*  No build file needs one, and entities are how XML is made to unfold. */
static void XMLCALL xml_doctype (void *self, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid,
                                 int own)
{
    (void) name, (void) sysid, (void) pubid, (void) own;
    XML_StopParser (((xml_place_t *) self)->parser, XML_FALSE);
}

void patterns_read_xml (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    xml_place_t place = {.group = group, .patterns = patterns, .parser = XML_ParserCreate (NULL)};
    if (!place.parser)
        return;
    XML_SetUserData (place.parser, &place);
    XML_SetElementHandler (place.parser, xml_begin, xml_end);
    XML_SetCharacterDataHandler (place.parser, xml_text);
    XML_SetStartDoctypeDeclHandler (place.parser, xml_doctype);
    (void) XML_Parse (place.parser, text, (int) size, 1);
    XML_ParserFree (place.parser);
}
