#include "item_bytes.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS_MOST (LIMIT_OPTIONS * 5 + 2)

/*  Where we are in the bytes. Whatever is wrong with them is noted in `odd`, and nothing is read any more. */
typedef struct {
    uint8_t *at, *end;
    bool odd;
    uint8_t *ends[TEXTS_MOST]; /*  where texts end */
    size_t texts;
} cursor_t;

static const uint8_t *take (cursor_t *self, size_t size)
{
    const uint8_t *at = self->at;
    if (self->odd || (size_t) (self->end - self->at) < size) {
        self->odd = true;
        return NULL;
    }
    self->at += size;
    return at;
}

/*  A big-endian number of that many bytes. */
static uint64_t take_number (cursor_t *self, size_t size)
{
    const uint8_t *at = take (self, size);
    uint64_t number = 0;
    for (size_t i = 0; at && i < size; i++)
        number = number << 8 | at[i];
    return number;
}

static uint8_t take_head (cursor_t *self)
{
    return (uint8_t) take_number (self, 1);
}

static uint64_t read_uint (cursor_t *self)
{
    uint8_t head = take_head (self);
    if (head < 0x80)
        return head;
    if (head >= 0xcc && head <= 0xcf)
        return take_number (self, (size_t) 1 << (head - 0xcc));
    self->odd = true;
    return 0;
}

/*  How many elements the array or map (whose shortest head is given) has. */
static size_t read_count (cursor_t *self, uint8_t fixed, uint8_t head16)
{
    uint8_t head = take_head (self);
    if ((head & 0xf0) == fixed)
        return head & 0x0f;
    if (head == head16 || head == head16 + 1)
        return (size_t) take_number (self, head == head16 ? 2 : 4);
    self->odd = true;
    return 0;
}

static size_t read_map (cursor_t *self)
{
    return read_count (self, 0x80, 0xde);
}

static size_t read_array (cursor_t *self)
{
    return read_count (self, 0x90, 0xdc);
}

static const char *read_text (cursor_t *self, size_t *ret_size)
{
    uint8_t head = take_head (self);
    *ret_size = 0;
    if ((head & 0xe0) == 0xa0)
        *ret_size = head & 0x1f;
    else if (head >= 0xd9 && head <= 0xdb)
        *ret_size = (size_t) take_number (self, (size_t) 1 << (head - 0xd9));
    else
        self->odd = true;
    return (const char *) take (self, *ret_size);
}

static bool is_word (const char *text, size_t size, const char *word)
{
    return text && strlen (word) == size && memcmp (text, word, size) == 0;
}

/*  A text that is kept: its end becomes a NUL when all has been read. There is a byte behind it: a key, or the rest of
 *  the envelope. */
static char *keep_text (cursor_t *self)
{
    size_t size;
    const char *text = read_text (self, &size);
    if (!text || self->texts == TEXTS_MOST || self->at == self->end) {
        self->odd = true;
        return NULL;
    }
    self->ends[self->texts++] = self->at;
    return (char *) self->at - size;
}

static unsigned read_enum (cursor_t *self, const enum_type_t *type)
{
    size_t size;
    const char *word = read_text (self, &size);
    unsigned value = word ? enum_value (type, word, size) : 0;
    self->odd = self->odd || value == 0;
    return value;
}

static bool read_flag (cursor_t *self)
{
    uint8_t head = take_head (self);
    self->odd = self->odd || (head != 0xc3 && head != 0xc2);
    return head == 0xc3;
}

/*  Bytes of the value behind its head, and how many values follow as its elements. */
static size_t size_behind (cursor_t *self, uint8_t head, uint64_t *elements)
{
    if (head < 0x80 || head >= 0xe0 || (head >= 0xc0 && head <= 0xc3 && head != 0xc1))
        return 0;
    if ((head & 0xe0) == 0xa0)
        return head & 0x1f;
    if ((head & 0xf0) == 0x80)
        *elements += 2u * (head & 0x0f);
    else if ((head & 0xf0) == 0x90)
        *elements += head & 0x0f;
    else if (head >= 0xc4 && head <= 0xc6)
        return (size_t) take_number (self, (size_t) 1 << (head - 0xc4));
    else if (head >= 0xd9 && head <= 0xdb)
        return (size_t) take_number (self, (size_t) 1 << (head - 0xd9));
    else if (head == 0xca || head == 0xcb)
        return head == 0xca ? 4 : 8;
    else if (head >= 0xcc && head <= 0xd3)
        return (size_t) 1 << ((head - 0xcc) & 3);
    else if (head == 0xdc || head == 0xdd)
        *elements += take_number (self, head == 0xdc ? 2 : 4);
    else if (head == 0xde || head == 0xdf)
        *elements += 2 * take_number (self, head == 0xde ? 2 : 4);
    else
        self->odd = true;
    return 0;
}

static baton_bytes_t skip (cursor_t *self)
{
    uint8_t *from = self->at;
    for (uint64_t left = 1; left > 0 && !self->odd; left--)
        take (self, size_behind (self, take_head (self), &left));
    return (baton_bytes_t){(size_t) (self->at - from), from};
}

/* ---- parts ---- */

static void read_part_field (cursor_t *self, const char *key, size_t size, part_t *part)
{
    if (is_word (key, size, "text"))
        part->text = keep_text (self);
    else if (is_word (key, size, "kind"))
        part->kind = (part_kind_e) read_enum (self, &part_kind_names);
    else if (is_word (key, size, "call"))
        part->call = keep_text (self);
    else if (is_word (key, size, "tool"))
        part->tool = keep_text (self);
    else if (is_word (key, size, "value"))
        part->value = skip (self);
    else if (is_word (key, size, "error"))
        part->error = read_flag (self);
    else if (is_word (key, size, "digest"))
        part->digest = keep_text (self);
    else if (is_word (key, size, "size"))
        part->size = read_uint (self);
    else if (is_word (key, size, "media_type"))
        part->media_type = keep_text (self);
    else
        self->odd = true;
}

static void read_part (cursor_t *self, part_t *part)
{
    size_t fields = read_map (self), size;
    for (size_t i = 0; i < fields && !self->odd; i++) {
        const char *key = read_text (self, &size);
        read_part_field (self, key, size, part);
    }
}

static void read_parts (cursor_t *self, item_bytes_t *item)
{
    item->part_count = read_array (self);
    self->odd = self->odd || item->part_count > LIMIT_OPTIONS;
    if (!self->odd && item->part_count > 1 && !(item->many = calloc (item->part_count, sizeof *item->many)))
        self->odd = true;
    for (size_t i = 0; i < item->part_count && !self->odd; i++)
        read_part (self, item->many ? &item->many[i] : &item->own);
}

/* ---- the item ---- */

static void read_body (cursor_t *self, item_bytes_t *item)
{
    size_t fields = read_map (self), size;
    for (size_t i = 0; i < fields && !self->odd; i++) {
        const char *key = read_text (self, &size);
        if (is_word (key, size, "parts"))
            read_parts (self, item);
        else if (is_word (key, size, "role"))
            item->role = (item_role_e) read_enum (self, &item_role_names);
        else if (is_word (key, size, "tokens"))
            item->tokens = read_uint (self);
        else if (is_word (key, size, "estimated"))
            item->estimated = read_flag (self);
        else if (is_word (key, size, "synthetic"))
            item->synthetic = read_flag (self);
        else if (is_word (key, size, "source"))
            item->source = keep_text (self);
        else if (is_word (key, size, "digest"))
            item->digest = keep_text (self);
        else
            skip (self);
    }
}

/*  Everything but the body, whose place is given. */
static bool read_envelope (cursor_t *self, item_bytes_t *item, baton_bytes_t *ret_body)
{
    size_t fields = read_map (self), size, kind_size = 0;
    const char *kind = NULL;
    for (size_t i = 0; i < fields && !self->odd; i++) {
        const char *key = read_text (self, &size);
        if (is_word (key, size, "body"))
            *ret_body = skip (self);
        else if (is_word (key, size, "kind"))
            kind = read_text (self, &kind_size);
        else if (is_word (key, size, "n"))
            item->n = read_uint (self);
        else if (is_word (key, size, "run"))
            item->run = read_uint (self);
        else
            skip (self);
    }
    return is_word (kind, kind_size, "item_appended");
}

item_bytes_e item_bytes_read (baton_bytes_t *bytes, item_bytes_t *ret_item)
{
    cursor_t cursor = {.at = bytes->data, .end = bytes->data + bytes->size};
    item_bytes_t item = {0};
    baton_bytes_t body = {0};
    bool wanted = read_envelope (&cursor, &item, &body);
    if (!cursor.odd && !wanted)
        return ITEM_BYTES_other;
    cursor.at = body.data ? body.data : cursor.end;
    read_body (&cursor, &item);
    if (cursor.odd) {
        free (item.many);
        return ITEM_BYTES_odd;
    }
    for (size_t i = 0; i < cursor.texts; i++)
        *cursor.ends[i] = '\0';
    *ret_item = item;
    return ITEM_BYTES_read;
}
