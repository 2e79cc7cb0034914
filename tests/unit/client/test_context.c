#include <baton/baton.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

static const baton_context_t SAMPLE = {
    .endpoint = "tcp://broker.example:7600",
    .broker_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    .public_key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
    .secret_key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
};

static char folder[64];

static int make_folder (void **state)
{
    (void) state;
    strcpy (folder, "/tmp/baton-test-XXXXXX");
    char path[128];
    if (!mkdtemp (folder))
        return -1;
    snprintf (path, sizeof path, "%s/baton", folder);
    mkdir (path, 0700);
    setenv ("XDG_CONFIG_HOME", folder, 1);
    setenv ("XDG_STATE_HOME", folder, 1);
    setenv ("XDG_RUNTIME_DIR", folder, 1);
    unsetenv ("BATON_CONTEXT");
    unsetenv ("BATON_SOCKET");
    return 0;
}

static int remove_folder (void **state)
{
    (void) state;
    char command[96];
    snprintf (command, sizeof command, "rm -r %s", folder);
    return system (command);
}

static const char *in_folder (const char *name)
{
    static char path[128];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text (const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen (in_folder (name), "we");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    chmod (in_folder (name), mode);
}

static void gives_back_what_was_saved (void **state)
{
    (void) state;
    baton_context_t context;
    struct stat about;
    memset (&context, 0xff, sizeof context);
    assert_int_equal (baton_context_save (in_folder ("a.ctx"), &SAMPLE, NULL), BATON_OK);
    assert_int_equal (stat (in_folder ("a.ctx"), &about), 0);
    assert_int_equal (about.st_mode & 0777, 0600);
    assert_int_equal (baton_context_load (in_folder ("a.ctx"), &context, NULL), BATON_OK);
    assert_memory_equal (&context, &SAMPLE, sizeof context);
}

static void never_replaces_a_file (void **state)
{
    (void) state;
    baton_error_t error = {0};
    assert_int_equal (baton_context_save (in_folder ("a.ctx"), &SAMPLE, NULL), BATON_OK);
    assert_int_equal (baton_context_save (in_folder ("a.ctx"), &SAMPLE, &error), BATON_already_exists);
    assert_int_equal (baton_context_save (in_folder ("none/a.ctx"), &SAMPLE, &error), BATON_permission_denied);
}

static void refuses_a_file_that_others_read (void **state)
{
    (void) state;
    static const struct {
        mode_t mode;
        baton_status status;
    } CASES[] = {{0600, BATON_OK},
                 {0400, BATON_OK},
                 {0640, BATON_failed_precondition},
                 {0604, BATON_failed_precondition},
                 {0620, BATON_failed_precondition},
                 {0644, BATON_failed_precondition}};
    assert_int_equal (baton_context_save (in_folder ("a.ctx"), &SAMPLE, NULL), BATON_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        baton_context_t context = {0};
        chmod (in_folder ("a.ctx"), CASES[i].mode);
        assert_int_equal (baton_context_load (in_folder ("a.ctx"), &context, NULL), CASES[i].status);
        assert_int_equal (*context.endpoint != '\0', CASES[i].status == BATON_OK);
    }
}

static void refuses_what_is_no_context (void **state)
{
    (void) state;
    static const char *const TEXTS[] = {
        "",
        "endpoint = \"tcp://x:1\"\n",
        "endpoint = \"tcp://x:1\"\nbroker_key = short\npublic_key = short\nsecret_key = short\n",
        "\tnonsense\n= =\n",
    };
    baton_context_t context = {0};
    baton_error_t error = {0};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        write_text ("bad.ctx", TEXTS[i], 0600);
        assert_int_equal (baton_context_load (in_folder ("bad.ctx"), &context, &error), BATON_failed_precondition);
        assert_non_null (strstr (error.message, "bad.ctx"));
    }
    assert_int_equal (baton_context_load (in_folder ("none.ctx"), &context, &error), BATON_not_found);
    assert_int_equal (baton_context_load (folder, &context, &error), BATON_failed_precondition);
    assert_string_equal (context.endpoint, "");
}

static void finds_the_nearest (void **state)
{
    (void) state;
    baton_context_t context = {0}, named = SAMPLE, standard = SAMPLE, admin = SAMPLE;
    strcpy (named.endpoint, "tcp://named:1");
    strcpy (standard.endpoint, "tcp://standard:1");
    strcpy (admin.endpoint, "tcp://admin:1");
    mkdir (in_folder ("baton/broker"), 0700);
    assert_int_equal (baton_context_save (in_folder ("baton/broker/admin.ctx"), &admin, NULL), BATON_OK);
    assert_int_equal (baton_context_find (&context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, "tcp://admin:1");
    strcpy (admin.endpoint, "tcp://announced:1");
    assert_int_equal (baton_context_save (in_folder ("baton/admin.ctx"), &admin, NULL), BATON_OK);
    assert_int_equal (baton_context_find (&context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, "tcp://announced:1");
    assert_int_equal (baton_context_save (in_folder ("baton/default.ctx"), &standard, NULL), BATON_OK);
    assert_int_equal (baton_context_find (&context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, "tcp://standard:1");
    assert_int_equal (baton_context_save (in_folder ("baton/other.ctx"), &named, NULL), BATON_OK);
    setenv ("BATON_CONTEXT", "other", 1);
    assert_int_equal (baton_context_find (&context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, "tcp://named:1");
    setenv ("BATON_CONTEXT", in_folder ("baton/default.ctx"), 1);
    assert_int_equal (baton_context_find (&context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, "tcp://standard:1");
}

static void speaks_for_the_run_that_it_is_in (void **state)
{
    (void) state;
    baton_context_t context = {0};
    setenv ("BATON_SOCKET", "/run/x.sock", 1);
    setenv ("BATON_TOKEN", "secret", 1);
    setenv ("BATON_SESSION", "abc", 1);
    setenv ("BATON_RUN", "3", 1);
    setenv ("BATON_CONTEXT", "other", 1);
    assert_int_equal (baton_context_find (&context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, "ipc:///run/x.sock");
    assert_string_equal (context.token, "secret");
    assert_string_equal (context.session, "abc");
    assert_int_equal (context.run, 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown (function, make_folder, remove_folder)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (gives_back_what_was_saved),  TEST (never_replaces_a_file), TEST (refuses_a_file_that_others_read),
        TEST (refuses_what_is_no_context), TEST (finds_the_nearest),     TEST (speaks_for_the_run_that_it_is_in),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
