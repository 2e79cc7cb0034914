/*  Each row of markers.def: its file, in a folder, is found from a folder inside. */
#include "unit.h"

#include "markers.h"
#include "trees.h"

/*  A line that fits, for rows that need one. */
static const struct {
    const char *needs, *text;
} NEEDS[] = {
    {"tool\\.uv", "[tool.uv]"},
    {"tool\\.poetry", "[tool.poetry.group.dev]"},
    {"tool\\.pdm", "[tool.pdm]"},
    {"tool\\.rye", "[tool.rye]"},
    {"hatchling", "requires = [\"hatchling\"]"},
    {"flit_core", "requires = [\"flit_core\"]"},
    {"django", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x'); import django"},
    {"[Jj]", "Project (x)"},
    {"project[[:space:]]*\\(", "project('x', 'c')"},
    {"SOURCES", "SOURCES += main.cpp"},
    {"uuid", "name = \"X\""},
    {"^Package", "Package: x"},
    {"MATLABProject", "<MATLABProject>"},
    {"flutter", "dependencies:\n  flutter:\n    sdk: flutter"},
    {"CAPI", "CAPI=2:"},
    {"^Name", "Name: x"},
    {"ModuleVersion", "ModuleVersion = '1.0'"},
};

static const char *text_for (const marker_t *marker)
{
    if (!*marker->needs || *marker->needs == '!')
        return "";
    for (size_t i = 0; i < COUNT (NEEDS); i++)
        if (strstr (marker->needs, NEEDS[i].needs))
            return NEEDS[i].text;
    fail_msg ("no text for what %s needs", marker->file);
    return NULL;
}

/*  "*.sln" as "sample.sln". */
static void put_marker (const marker_t *marker)
{
    char path[128];
    const char *star = strchr (marker->file, '*');
    int before = star ? (int) (star - marker->file) : 0;
    snprintf (path, sizeof path, "top/%.*s%s%s", before, marker->file, star ? "sample" : "",
              star ? star + 1 : marker->file);
    tree_put (path, text_for (marker));
}

static bool has_kind (const workspace_report_t *report, const marker_t *marker)
{
    for (size_t i = 0; i < report->project.markers.count; i++)
        if (strcmp (report->project.markers.items[i].kind, marker->kind) == 0)
            return !*marker->language || texts_contain (&report->languages, marker->language);
    return false;
}

static void check_row (const marker_t *marker)
{
    assert_int_equal (tree_begin (NULL), 0);
    tree_put ("top/inside/deep/", "");
    put_marker (marker);
    workspace_report_t report = tree_detect ("top/inside/deep");
    if (marker->level == LEVEL_hint) {
        assert_string_equal (report.found_by, "nothing");
        record_clear (&RECORD_workspace_report, &report);
        tree_put ("top/Makefile", "");
        report = tree_detect ("top/inside/deep");
    } else if (marker->level == LEVEL_workspace) {
        assert_int_equal (report.workspaces.count, 1);
        assert_string_equal (report.workspaces.items[0].kind, marker->kind);
        assert_string_equal (report.workspaces.items[0].root, tree_path ("top"));
    } else
        assert_string_equal (report.kind, marker->kind);
    if (!report.project.root || strcmp (report.project.root, tree_path ("top")) != 0 || !has_kind (&report, marker))
        fail_msg ("%s did not make a project of kind %s", marker->file, marker->kind);
    record_clear (&RECORD_workspace_report, &report);
    tree_end (NULL);
}

static void test_each (void **state)
{
    (void) state;
    for (size_t i = 0; i < MARKER_COUNT; i++)
        check_row (&MARKERS[i]);
}

static void test_many_kinds (void **state)
{
    (void) state;
    size_t kinds = 0;
    for (size_t i = 0; i < MARKER_COUNT; i++) {
        size_t first = 0;
        while (strcmp (MARKERS[first].kind, MARKERS[i].kind) != 0)
            first++;
        kinds += first == i ? 1 : 0;
    }
    assert_true (kinds >= 60);
}

/*  A row that needs something its file does not have is no marker. */
static void test_needs (void **state)
{
    (void) state;
    assert_int_equal (tree_begin (NULL), 0);
    tree_put ("top/DESCRIPTION", "a text about something else\n");
    tree_put ("top/turbo.json", "{\"extends\": [\"//\"]}\n");
    tree_put ("top/CMakeLists.txt", "add_library (x x.c)\n");
    tree_put ("CMakeLists.txt", "cmake_minimum_required (VERSION 3.25)\nproject (whole)\n");
    workspace_report_t report = tree_detect ("top");
    assert_string_equal (report.project.root, tree_path (""));
    assert_int_equal (report.project.markers.count, 1);
    record_clear (&RECORD_workspace_report, &report);
    tree_end (NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each),
        cmocka_unit_test (test_many_kinds),
        cmocka_unit_test (test_needs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
