/*  Archives: what was written is read, and everything else is refused. */
#include "unit.h"

#include "archive_internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static uint8_t SECRET[ARCHIVE_SECRET], STRANGER[ARCHIVE_SECRET];

/* ---- archives in memory, and as lists of sections ---- */

typedef struct {
    uint8_t kind, packed;
    baton_bytes_t stored;
    size_t size; /*  as it is declared */
} piece_t;

typedef struct {
    size_t count;
    piece_t *items;
} pieces_t;

static uint32_t number (const uint8_t *at)
{
    return (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24;
}

static baton_bytes_t slurp (FILE *file)
{
    baton_bytes_t bytes = {0};
    bytes.size = (size_t) ftell (file);
    bytes.data = malloc (bytes.size + 1);
    rewind (file);
    assert_int_equal (fread (bytes.data, bytes.size, 1, file), 1);
    fclose (file);
    return bytes;
}

static void write_page (archive_writer_t *writer, uint64_t first, size_t count)
{
    event_envelope_t events[8] = {0};
    archive_page_t page = {.events = {count, events}};
    baton_bytes_t bytes = {0};
    for (size_t i = 0; i < count; i++)
        events[i] = (event_envelope_t){
            .seq = first + i, .session = (char *) "s1", .n = first + i, .kind = (char *) "memory_deleted", .at = 5};
    assert_int_equal (record_encode (&RECORD_archive_page, &page, &bytes), BATON_OK);
    assert_int_equal (archive_write (writer, ARCHIVE_events, bytes.data, bytes.size, NULL), BATON_OK);
    bytes_clear (&bytes);
}

static void write_content (archive_writer_t *writer, const uint8_t *data, size_t size)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content = {size, (uint8_t *) data};
    digest_of (data, size, digest);
    assert_int_equal (archive_write_blob (writer, digest, &content, NULL), BATON_OK);
}

/*  Two pages, and contents that are empty, that shrink, and that don't. */
static baton_bytes_t make_archive (char ret_digest[DIGEST_SIZE])
{
    FILE *file = tmpfile ();
    archive_writer_t *writer = NULL;
    archive_head_t head = {.session = (char *) "s1", .n = 8, .title = (char *) "T", .version = (char *) "1"};
    archive_totals_t totals = {0};
    uint8_t zeros[20000] = {0}, noise[20000];
    randombytes_buf (noise, sizeof noise);
    assert_int_equal (archive_writer_new (file, SECRET, &head, &writer, NULL), BATON_OK);
    assert_int_equal (archive_write (writer, ARCHIVE_snapshot, "\x80", 1, NULL), BATON_OK);
    write_page (writer, 1, 5);
    write_page (writer, 6, 3);
    write_content (writer, NULL, 0);
    write_content (writer, zeros, sizeof zeros);
    write_content (writer, noise, sizeof noise);
    assert_int_equal (archive_finish (writer, &totals, ret_digest, NULL), BATON_OK);
    assert_int_equal (totals.sections, 6);
    archive_writer_destroy (&writer);
    return slurp (file);
}

static baton_bytes_t any_archive (void)
{
    char digest[DIGEST_SIZE];
    return make_archive (digest);
}

static pieces_t take_apart (const baton_bytes_t *bytes)
{
    pieces_t pieces = {0};
    for (size_t at = MAGIC_SIZE; at < bytes->size;) {
        const uint8_t *header = bytes->data + at;
        piece_t *piece = list_append (&pieces, sizeof *piece);
        *piece = (piece_t){header[0], header[1], {0}, number (header + 8)};
        assert_int_equal (bytes_set (&piece->stored, header + HEADER_SIZE, number (header + 4)), BATON_OK);
        at += HEADER_SIZE + piece->stored.size;
    }
    return pieces;
}

static void put_number (uint8_t *at, size_t value)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t) (value >> 8 * i);
}

/*  Puts the sections together again, and seals them with the key. Takes them. */
static baton_bytes_t put_together (pieces_t *pieces, const uint8_t *secret)
{
    FILE *file = tmpfile ();
    fwrite (MAGIC, MAGIC_SIZE, 1, file);
    for (size_t i = 0; i < pieces->count; i++) {
        piece_t *piece = &pieces->items[i];
        if (piece->kind == ARCHIVE_seal) {
            sealed_t sealed = {.text = SEALED};
            baton_bytes_t so_far = slurp (file);
            crypto_generichash (sealed.digest, sizeof sealed.digest, so_far.data, so_far.size, NULL, 0);
            crypto_sign_detached (piece->stored.data, NULL, (const uint8_t *) &sealed, sizeof sealed, secret);
            file = tmpfile ();
            fwrite (so_far.data, so_far.size, 1, file);
            bytes_clear (&so_far);
        }
        uint8_t header[HEADER_SIZE] = {piece->kind, piece->packed};
        put_number (header + 4, piece->stored.size);
        put_number (header + 8, piece->size);
        fwrite (header, sizeof header, 1, file);
        fwrite (piece->stored.data, 1, piece->stored.size, file);
        bytes_clear (&piece->stored);
    }
    free (pieces->items);
    return slurp (file);
}

/* ---- reading ---- */

static baton_status read_all (const baton_bytes_t *bytes, baton_error_t *error, size_t *ret_sections,
                              char ret_digest[DIGEST_SIZE])
{
    FILE *file = bytes->size > 0 ? fmemopen (bytes->data, bytes->size, "r") : fopen ("/dev/null", "r");
    archive_reader_t *reader = NULL;
    archive_section_t section = {.kind = ARCHIVE_head};
    size_t sections = 0;
    baton_status status = archive_reader_new (file, &reader, error);
    while (status == BATON_OK && section.kind != ARCHIVE_seal) {
        char digest[DIGEST_SIZE];
        baton_bytes_t content;
        status = archive_read (reader, &section, error);
        if (status == BATON_OK && section.kind == ARCHIVE_blob)
            status = archive_blob (&section, digest, &content, error);
        sections++;
    }
    if (status == BATON_OK) {
        *ret_sections = sections;
        strcpy (ret_digest, archive_digest (reader));
    }
    archive_reader_destroy (&reader);
    fclose (file);
    return status;
}

/*  Refuses them, in a sentence; frees them. */
static void assert_refused (baton_bytes_t bytes, const char *because)
{
    baton_error_t error = {0};
    size_t sections;
    char digest[DIGEST_SIZE];
    baton_status status = read_all (&bytes, &error, &sections, digest);
    if (status != BATON_invalid_argument || error.reason != BATON_REASON_bad_archive ||
        !strstr (error.message, because))
        fail_msg ("expected that it %s, got %s: %s", because, baton_status_name (status), error.message);
    bytes_clear (&bytes);
}

static void what_is_written_is_read (void **state)
{
    (void) state;
    char written[DIGEST_SIZE], read[DIGEST_SIZE];
    baton_error_t error = {0};
    size_t sections = 0;
    baton_bytes_t bytes = make_archive (written);
    assert_int_equal (read_all (&bytes, &error, &sections, read), BATON_OK);
    assert_int_equal (sections, 8);
    assert_string_equal (read, written);
    /*  The zeros were packed, the noise was not. */
    assert_in_range (bytes.size, 20000, 21500);
    bytes_clear (&bytes);
}

static void what_is_cut_short_is_refused (void **state)
{
    (void) state;
    baton_bytes_t whole = any_archive ();
    pieces_t pieces = take_apart (&whole);
    size_t at = MAGIC_SIZE;
    for (size_t i = 0; i < pieces.count; i++) { /*  before each section, in its header, and in its content */
        const size_t CUTS[] = {at, at + 5, at + HEADER_SIZE, at + HEADER_SIZE + pieces.items[i].stored.size - 1};
        for (size_t cut = 0; cut < COUNT (CUTS); cut++) {
            baton_bytes_t part = {0};
            assert_int_equal (bytes_set (&part, whole.data, CUTS[cut]), BATON_OK);
            assert_refused (part, "ends too early");
        }
        at += HEADER_SIZE + pieces.items[i].stored.size;
        bytes_clear (&pieces.items[i].stored);
    }
    free (pieces.items);
    assert_refused ((baton_bytes_t){0}, "ends too early");
    bytes_clear (&whole);
}

static void a_flipped_bit_is_noticed_wherever_it_is (void **state)
{
    (void) state;
    baton_bytes_t whole = any_archive ();
    for (size_t i = 0; i < 200; i++) {
        baton_bytes_t flipped = {0};
        assert_int_equal (bytes_set (&flipped, whole.data, whole.size), BATON_OK);
        flipped.data[i * (whole.size - 1) / 199] ^= (uint8_t) (1 << i % 8);
        assert_refused (flipped, "archive");
    }
    bytes_clear (&whole);
}

static void nothing_may_follow (void **state)
{
    (void) state;
    baton_bytes_t whole = any_archive (), longer = {0};
    assert_int_equal (bytes_set (&longer, whole.data, whole.size), BATON_OK);
    longer.data = realloc (longer.data, longer.size + 1);
    longer.data[longer.size++] = 0;
    assert_refused (longer, "something follows its end");
    bytes_clear (&whole);
}

static void an_archive_packed_as_a_whole_is_none (void **state)
{
    (void) state;
    baton_bytes_t whole = any_archive (), packed = {0};
    packed.data = malloc (ZSTD_compressBound (whole.size));
    packed.size = ZSTD_compress (packed.data, ZSTD_compressBound (whole.size), whole.data, whole.size, 1);
    assert_refused (packed, "begins with something else");
    bytes_clear (&whole);
}

static piece_t *piece_of (pieces_t *pieces, archive_kind_t kind)
{
    for (size_t i = 0; i < pieces->count; i++)
        if (pieces->items[i].kind == kind)
            return &pieces->items[i];
    return NULL;
}

/*  Whoever has the right key may seal what they like: the order of sections holds nevertheless. */
static void sections_come_in_their_order_and_number (void **state)
{
    (void) state;
    static const struct {
        archive_kind_t kind;
        int repeat; /*  0: left out; 2: there twice */
        const char *because;
    } CASES[] = {
        {ARCHIVE_head, 0, "not in order"},      {ARCHIVE_head, 2, "not in order"},
        {ARCHIVE_snapshot, 2, "not in order"},  {ARCHIVE_snapshot, 0, "not as many sections"},
        {ARCHIVE_events, 2, "not as many"},     {ARCHIVE_blob, 0, "not as many"},
        {ARCHIVE_totals, 0, "not in order"},    {ARCHIVE_totals, 2, "not in order"},
        {ARCHIVE_seal, 2, "something follows"},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        baton_bytes_t whole = any_archive ();
        pieces_t pieces = take_apart (&whole), changed = {0};
        for (size_t at = 0; at < pieces.count; at++) {
            bool chosen = &pieces.items[at] == piece_of (&pieces, CASES[i].kind);
            for (int times = chosen ? CASES[i].repeat : 1; times > 0; times--) {
                piece_t *piece = list_append (&changed, sizeof *piece);
                *piece = pieces.items[at];
                piece->stored = (baton_bytes_t){0};
                assert_int_equal (
                    bytes_set (&piece->stored, pieces.items[at].stored.data, pieces.items[at].stored.size), BATON_OK);
            }
        }
        for (size_t at = 0; at < pieces.count; at++)
            bytes_clear (&pieces.items[at].stored);
        free (pieces.items);
        assert_refused (put_together (&changed, SECRET), CASES[i].because);
        bytes_clear (&whole);
    }
}

/*  A workspace stands between contents and totals, whole, and only where the head asks for a reader that knows it. */
static void a_workspace_has_its_place (void **state)
{
    (void) state;
    static const struct {
        uint64_t least;
        archive_kind_t kinds[4];
        const char *because; /*  NULL: it is read */
    } CASES[] = {
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_blob, ARCHIVE_workspace, ARCHIVE_pack, ARCHIVE_pack}, NULL},
        {1, {ARCHIVE_workspace, ARCHIVE_pack}, "not in order"},
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_workspace}, "not in order"},
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_pack}, "not in order"},
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_workspace, ARCHIVE_workspace, ARCHIVE_pack}, "not in order"},
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_workspace, ARCHIVE_pack, ARCHIVE_workspace}, "not in order"},
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_workspace, ARCHIVE_blob, ARCHIVE_pack}, "not in order"},
        {ARCHIVE_FORMAT_WORKSPACE, {ARCHIVE_workspace, ARCHIVE_pack, ARCHIVE_blob}, "not in order"},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        FILE *file = tmpfile ();
        archive_writer_t *writer = NULL;
        archive_head_t head = {
            .session = (char *) "s1", .n = 8, .title = (char *) "T", .version = (char *) "1", .least = CASES[i].least};
        archive_totals_t totals = {0};
        size_t sections = 0;
        char digest[DIGEST_SIZE];
        assert_int_equal (archive_writer_new (file, SECRET, &head, &writer, NULL), BATON_OK);
        write_page (writer, 1, 5);
        for (size_t at = 0; at < COUNT (CASES[i].kinds) && CASES[i].kinds[at] != ARCHIVE_none; at++)
            if (CASES[i].kinds[at] == ARCHIVE_blob)
                write_content (writer, (const uint8_t *) "x", 1);
            else
                assert_int_equal (archive_write (writer, CASES[i].kinds[at], "\x80", 1, NULL), BATON_OK);
        assert_int_equal (archive_finish (writer, &totals, digest, NULL), BATON_OK);
        archive_writer_destroy (&writer);
        baton_bytes_t whole = slurp (file);
        if (CASES[i].because)
            assert_refused (whole, CASES[i].because);
        else {
            assert_int_equal (read_all (&whole, NULL, &sections, digest), BATON_OK);
            bytes_clear (&whole);
        }
    }
}

static void another_signature_is_wrong (void **state)
{
    (void) state;
    char digest[DIGEST_SIZE];
    size_t sections = 0;
    baton_bytes_t whole = any_archive ();
    pieces_t pieces = take_apart (&whole);
    assert_refused (put_together (&pieces, STRANGER), "its signature is wrong");
    /*  That it can be put together at all is no accident. */
    pieces = take_apart (&whole);
    baton_bytes_t same = put_together (&pieces, SECRET);
    assert_int_equal (read_all (&same, NULL, &sections, digest), BATON_OK);
    bytes_clear (&same);
    bytes_clear (&whole);
}

/*  Puts an archive together in which one section is another. */
static baton_bytes_t with_section (archive_kind_t kind, uint8_t packed, const void *stored, size_t stored_size,
                                   size_t size)
{
    baton_bytes_t whole = any_archive ();
    pieces_t pieces = take_apart (&whole);
    piece_t *piece = piece_of (&pieces, kind);
    assert_int_equal (bytes_set (&piece->stored, stored, stored_size), BATON_OK);
    piece->packed = packed;
    piece->size = size;
    bytes_clear (&whole);
    return put_together (&pieces, SECRET);
}

static void bombs_do_not_go_off (void **state)
{
    (void) state;
    size_t huge = 64u << 20;
    uint8_t *zeros = calloc (1, huge), *packed = malloc (ZSTD_compressBound (huge));
    size_t size = ZSTD_compress (packed, ZSTD_compressBound (huge), zeros, huge, 1);
    assert_refused (with_section (ARCHIVE_blob, 1, packed, size, size + 1), "does not unpack");
    assert_refused (with_section (ARCHIVE_blob, 1, packed, size, LIMIT_ARCHIVE_SECTION), "does not unpack");
    assert_refused (with_section (ARCHIVE_blob, 1, packed, size, huge), "impossible size");
    assert_refused (with_section (ARCHIVE_blob, 1, packed, size, UINT32_MAX), "impossible size");
    assert_refused (with_section (ARCHIVE_blob, 0, "abc", 3, LIMIT_ARCHIVE_SECTION), "impossible size");
    /*  A claim costs nothing until the bytes are there: 8 MiB, and the file ends. */
    uint8_t header[HEADER_SIZE] = {ARCHIVE_blob};
    put_number (header + 4, LIMIT_ARCHIVE_SECTION);
    put_number (header + 8, LIMIT_ARCHIVE_SECTION);
    baton_bytes_t whole = any_archive (), claim = {0};
    pieces_t pieces = take_apart (&whole);
    size_t at = MAGIC_SIZE;
    for (size_t i = 0; i < pieces.count; i++) {
        at += pieces.items[i].kind < ARCHIVE_blob ? HEADER_SIZE + pieces.items[i].stored.size : 0;
        bytes_clear (&pieces.items[i].stored);
    }
    free (pieces.items);
    assert_int_equal (bytes_set (&claim, whole.data, at + HEADER_SIZE), BATON_OK);
    memcpy (claim.data + at, header, HEADER_SIZE);
    assert_refused (claim, "ends too early");
    bytes_clear (&whole);
    free (zeros);
    free (packed);
}

static void a_content_has_the_digest_that_it_says (void **state)
{
    (void) state;
    uint8_t lie[ARCHIVE_DIGEST + 3] = {1, 2, 3};
    assert_refused (with_section (ARCHIVE_blob, 0, lie, sizeof lie, sizeof lie), "another digest than it says");
    assert_refused (with_section (ARCHIVE_blob, 0, lie, 31, 31), "impossible size");
}

static void a_newer_format_is_refused_as_such (void **state)
{
    (void) state;
    baton_error_t error = {0};
    char digest[DIGEST_SIZE];
    size_t sections;
    uint8_t signer[ARCHIVE_SIGNER] = {0};
    archive_head_t head = {.format = ARCHIVE_FORMAT + 3,
                           .least = ARCHIVE_FORMAT + 1,
                           .session = (char *) "s1",
                           .n = 1,
                           .signer = {sizeof signer, signer}};
    baton_bytes_t bytes = {0};
    assert_int_equal (record_encode (&RECORD_archive_head, &head, &bytes), BATON_OK);
    baton_bytes_t newer = with_section (ARCHIVE_head, 0, bytes.data, bytes.size, bytes.size);
    assert_int_equal (read_all (&newer, &error, &sections, digest), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_newer_archive);
    bytes_clear (&newer);
    bytes_clear (&bytes);
    /*  One that we need not know all of is another matter: its signature decides. */
    head.least = ARCHIVE_FORMAT;
    assert_int_equal (record_encode (&RECORD_archive_head, &head, &bytes), BATON_OK);
    assert_refused (with_section (ARCHIVE_head, 0, bytes.data, bytes.size, bytes.size), "archive");
    bytes_clear (&bytes);
}

static void a_section_has_a_limit (void **state)
{
    (void) state;
    baton_error_t error = {0};
    FILE *file = tmpfile ();
    archive_writer_t *writer = NULL;
    archive_head_t head = {.session = (char *) "s1", .n = 1};
    uint8_t *most = calloc (1, LIMIT_ARCHIVE_SECTION + 1);
    assert_int_equal (archive_writer_new (file, SECRET, &head, &writer, NULL), BATON_OK);
    assert_int_equal (archive_write (writer, ARCHIVE_snapshot, most, LIMIT_ARCHIVE_SECTION, NULL), BATON_OK);
    assert_int_equal (archive_write (writer, ARCHIVE_events, most, LIMIT_ARCHIVE_SECTION + 1, &error),
                      BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_too_large);
    archive_writer_destroy (&writer);
    fclose (file);
    free (most);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_written_is_read),
        cmocka_unit_test (what_is_cut_short_is_refused),
        cmocka_unit_test (a_flipped_bit_is_noticed_wherever_it_is),
        cmocka_unit_test (nothing_may_follow),
        cmocka_unit_test (an_archive_packed_as_a_whole_is_none),
        cmocka_unit_test (sections_come_in_their_order_and_number),
        cmocka_unit_test (another_signature_is_wrong),
        cmocka_unit_test (bombs_do_not_go_off),
        cmocka_unit_test (a_content_has_the_digest_that_it_says),
        cmocka_unit_test (a_workspace_has_its_place),
        cmocka_unit_test (a_newer_format_is_refused_as_such),
        cmocka_unit_test (a_section_has_a_limit),
    };
    uint8_t public[ARCHIVE_SIGNER];
    if (id_init () != BATON_OK)
        return 1;
    crypto_sign_keypair (public, SECRET);
    crypto_sign_keypair (public, STRANGER);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
