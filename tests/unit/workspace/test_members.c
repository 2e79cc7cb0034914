/*  What workspaces list, and which folders it means. */
#include "unit.h"

#include "patterns.h"
#include "trees.h"

#include <sys/resource.h>

/*  A file, what it says, files that are there besides, and the members that come of it: '?' is missing, '^' outside. */
static const struct {
    const char *file, *text, *kind, *there, *members;
} CASES[] = {
    {"package.json", "{\"workspaces\": [\"packages/*\", \"tool\", \"gone\", \"!packages/skip\"]}", "npm",
     "packages/a/package.json packages/skip/package.json packages/no/readme tool/package.json",
     "gone?,packages/a,tool"},
    {"package.json", "{\"workspaces\": {\"packages\": [\"{x,y}/*\"]}}", "npm", "x/1/package.json y/2/package.json",
     "x/1,y/2"},
    {"pnpm-workspace.yaml", "packages:\n  - 'apps/**'\n  - \"!**/test/**\"\ncatalog:\n  left: 1\n", "pnpm",
     "apps/a/package.json apps/b/c/package.json apps/test/d/package.json apps/a/node_modules/e/package.json",
     "apps/a,apps/b/c"},
    {"lerna.json", "{\"packages\": [\"modules/*\"]}", "lerna", "modules/a/package.json", "modules/a"},
    {"nx.json", "{}", "nx", "libs/a/project.json apps/b/project.json", "apps/b,libs/a"},
    {"rush.json", "{ // comments\n \"projects\": [{\"packageName\": \"a\", \"projectFolder\": \"libs/a\"}] }", "rush",
     "libs/a/package.json", "libs/a"},
    {".moon/workspace.yml", "projects:\n  - 'apps/*'\n", "moon", "apps/a/x", "apps/a"},
    {".moon/workspace.yml", "projects:\n  web: 'apps/web'\n  api: apps/api\n", "moon", "apps/web/x apps/api/x",
     "apps/api,apps/web"},
    {"deno.json", "{\"workspace\": [\"./a\"]}", "deno", "a/deno.json", "a"},
    {"deno.jsonc", "{/* why */ \"workspace\": [\"./a\"] // here\n}", "deno", "a/deno.json", "a"},
    {"Cargo.toml", "[workspace]\nmembers = [\n  \"crates/*\", # all\n  '../other'\n]\nexclude = [\"crates/x\"]\n",
     "cargo", "crates/a/Cargo.toml crates/x/Cargo.toml", "../other^,crates/a"},
    {"Cargo.toml", "[package]\nname = \"a\"\n[workspace]\n", "cargo", "", ""},
    {"package.json", "{\"workspaces\": [\"a..b/../../..\", \"{a..b,..}/*\", \"c/..\", \"d../e..f\"]}", "npm",
     "a..b/c/package.json d../e..f/package.json c/x", "../*^,a..b/../../..^,a..b/c,c/..^,d../e..f"},
    {"pyproject.toml", "[tool.uv.workspace]\nmembers = [\"libs/*\"]\nexclude = [\"libs/b\"]\n", "uv",
     "libs/a/pyproject.toml libs/b/pyproject.toml", "libs/a"},
    {"pyproject.toml", "[tool.rye.workspace]\nmembers = [\"libs/*\"]\n", "rye", "libs/a/pyproject.toml", "libs/a"},
    {"pyproject.toml", "[tool.hatch.envs.default]\nworkspace.members = [\"libs/*\"]\n", "hatch",
     "libs/a/pyproject.toml", "libs/a"},
    {"Project.toml", "name = \"X\"\n[workspace]\nprojects = [\"test\", \"docs\"]\n", "julia",
     "test/Project.toml docs/Project.toml", "docs,test"},
    {"go.work", "go 1.22\n\nuse (\n\t./a // first\n\t./b\n)\nuse ./c\nreplace x => ../y\n", "go",
     "a/go.mod b/go.mod c/go.mod", "a,b,c"},
    {"settings.gradle", "rootProject.name = 'x'\ninclude ':app', ':core:api'\nincludeBuild('build-logic')\n", "gradle",
     "app/x core/api/x build-logic/x", "app,build-logic,core/api"},
    {"settings.gradle.kts", "include(\":a\",\n  \":b\")\n// not includes(\":c\")\n", "gradle", "a/x b/x", "a,b"},
    {"pom.xml",
     "<project><!-- <module>no</module> --><name>x</name><modules>\n <module> a </module><module>b/pom.xml</module>"
     "</modules></project>",
     "maven", "a/pom.xml b/pom.xml", "a,b"},
    {"pom.xml", "<project><subprojects><subproject>a</subproject></subprojects></project>", "maven", "a/pom.xml", "a"},
    {"build.sbt", "lazy val a = (project in file(\"a\"))\nlazy val b = project.in(file(\"mods/b\"))\n", "sbt",
     "a/x mods/b/x", "a,mods/b"},
    {"workspace.edn", "{}", "polylith", "components/a/deps.edn bases/b/deps.edn projects/c/deps.edn",
     "bases/b,components/a,projects/c"},
    {"all.sln", "Project(\"{F-1}\") = \"App\", \"src\\App\\App.csproj\", \"{A-2}\"\r\nEndProject\r\n", "dotnet",
     "src/App/App.csproj", "src/App"},
    {"all.slnx", "<Solution><Project Path=\"src/App/App.csproj\" /></Solution>", "dotnet", "src/App/App.csproj",
     "src/App"},
    {"CMakeLists.txt", "project (x)\nadd_subdirectory(a)\nadd_subdirectory ( \"b\" )\nadd_subdirectory(${c})\n",
     "cmake", "a/CMakeLists.txt b/CMakeLists.txt", "a,b"},
    {"meson.build", "project('x', 'c')\nsubdir('a')\n", "meson", "a/meson.build", "a"},
    {"mix.exs", "  apps_path: \"apps\",\n", "mix", "apps/a/mix.exs apps/b/mix.exs", "apps/a,apps/b"},
    {"rebar.config", "{deps, []}.", "rebar", "apps/a/src/x.erl", "apps/a"},
    {"cabal.project", "-- all\npackages: ./*.cabal\n  libs/*/*.cabal, tool\nwith-compiler: ghc\n", "cabal",
     "x.cabal libs/a/a.cabal tool/tool.cabal", ".,libs/a,tool"},
    {"stack.yaml", "resolver: lts\npackages:\n- .\n- a\n", "stack", "a/x", ".,a"},
    {"dune-workspace", "(lang dune 3.0)", "dune", "a/dune-project", "a"},
    {"pubspec.yaml", "name: x\nworkspace:\n  - packages/a\n", "dart", "packages/a/pubspec.yaml", "packages/a"},
    {"melos.yaml", "name: x\npackages:\n  - packages/**\n", "melos", "packages/a/pubspec.yaml", "packages/a"},
    {"MODULE.bazel", "", "bazel", "a/BUILD.bazel b/c/BUILD", "a,b/c"},
    {"WORKSPACE.bazel", "", "bazel", "a/BUILD", "a"},
    {"WORKSPACE", "", "bazel", "a/BUILD", "a"},
    {".buckconfig", "", "buck", "a/BUCK", "a"},
    {"pants.toml", "", "pants", "a/BUILD", "a"},
    {".plzconfig", "", "please", "a/BUILD", "a"},
    {".gn", "", "gn", "a/BUILD.gn", "a"},
    {"buf.work.yaml", "version: v1\ndirectories:\n  - proto\n", "buf", "proto/x", "proto"},
    {"all.code-workspace", "{\"folders\": [{\"path\": \"a\"}, {\"path\": \"../b\"}]}", "vscode", "a/x", "../b^,a"},
};

static void put_all (const char *prefix, const char *names)
{
    char path[256];
    while (*names) {
        size_t length = strcspn (names, " ");
        snprintf (path, sizeof path, "%s%.*s", prefix, (int) length, names);
        tree_put (path, "");
        names += length + strspn (names + length, " ");
    }
}

static void test_members (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (CASES); i++) {
        assert_int_equal (tree_begin (NULL), 0);
        tree_put (CASES[i].file, CASES[i].text);
        put_all ("", CASES[i].there);
        tree_put ("elsewhere/", "");
        workspace_report_t report = tree_detect ("elsewhere");
        if (report.workspaces.count == 0)
            fail_msg ("%s made no workspace: %s", CASES[i].file, CASES[i].text);
        assert_string_equal (report.workspaces.items[0].kind, CASES[i].kind);
        assert_string_equal (tree_members (&report.workspaces.items[0]), CASES[i].members);
        assert_int_equal (report.workspaces.items[0].here, strncmp (CASES[i].members, ".,", 2) == 0);
        record_clear (&RECORD_workspace_report, &report);
        tree_end (NULL);
    }
}

/*  Every row of groups.def is one of the cases. */
static void test_all_groups (void **state)
{
    (void) state;
    for (size_t row = 0; row < GROUP_COUNT; row++) {
        bool tested = false;
        for (size_t i = 0; i < COUNT (CASES); i++) {
            const char *star = strchr (GROUPS[row].file, '*'), *dot = strchr (CASES[i].file, '.');
            tested =
                tested || (star ? dot && strcmp (dot, star + 1) == 0 : strcmp (CASES[i].file, GROUPS[row].file) == 0);
        }
        if (!tested)
            fail_msg ("%s has no case", GROUPS[row].file);
    }
}

/*  Files of the same names that list nothing are projects, and no workspaces. */
static void test_no_workspace (void **state)
{
    static const char *const FILES[] = {"package.json", "Cargo.toml", "pyproject.toml", "pom.xml",  "mix.exs",
                                        "rebar.config", "build.sbt",  "pubspec.yaml",   "deno.json"};
    (void) state;
    for (size_t i = 0; i < COUNT (FILES); i++) {
        assert_int_equal (tree_begin (NULL), 0);
        tree_put (FILES[i], "");
        workspace_report_t report = tree_detect ("");
        assert_int_equal (report.workspaces.count, 0);
        assert_string_equal (report.found_by, "project");
        record_clear (&RECORD_workspace_report, &report);
        tree_end (NULL);
    }
}

/*  A crate of a cargo workspace within a pnpm workspace: the nearest root, both workspaces, and where we are in each.
 */
static void test_nested (void **state)
{
    (void) state;
    tree_put ("pnpm-workspace.yaml", "packages: ['apps/*', 'native']\n");
    tree_put ("package.json", "{}");
    tree_put ("apps/web/package.json", "{}");
    tree_put ("apps/web/tsconfig.json", "{}");
    tree_put ("native/package.json", "{}");
    tree_put ("native/Cargo.toml", "[workspace]\nmembers = ['crates/*']\n");
    tree_put ("native/crates/core/Cargo.toml", "");
    tree_put ("native/crates/core/src/lib.rs", "");
    workspace_report_t report = tree_detect ("native/crates/core/src");
    assert_string_equal (report.project.root, tree_path ("native/crates/core"));
    assert_string_equal (report.project.kind, "cargo");
    assert_int_equal (report.workspaces.count, 2);
    assert_string_equal (report.workspaces.items[0].root, tree_path ("native"));
    assert_true (report.workspaces.items[0].here);
    assert_string_equal (report.workspaces.items[0].kind, "cargo"); /*  though a package.json stands beside it */
    assert_string_equal (report.workspaces.items[1].kind, "pnpm");
    assert_string_equal (tree_members (&report.workspaces.items[1]), "apps/web,native");
    assert_true (report.workspaces.items[1].members.items[1].here);
    assert_string_equal (report.workspaces.items[1].members.items[0].kind, "npm");
    assert_string_equal (report.root, tree_path (""));
    assert_string_equal (report.found_by, "workspace");
    assert_true (texts_contain (&report.languages, "typescript"));
    record_clear (&RECORD_workspace_report, &report);
    /*  A folder that no pattern means is in no workspace: its own root is the nearest. */
    tree_put ("examples/one/package.json", "{}");
    report = tree_detect ("examples/one");
    assert_false (report.workspaces.items[0].here);
    assert_string_equal (report.root, tree_path ("examples/one"));
    assert_string_equal (report.found_by, "project");
    record_clear (&RECORD_workspace_report, &report);
}

/*  Each bound is met, and said. */
static void test_bounds (void **state)
{
    (void) state;
    char path[64];
    tree_put ("package.json", "{\"workspaces\": [\"p/*\", \"deep/**\"]}");
    for (unsigned i = 0; i < LIMIT_MEMBERS + 1; i++) {
        snprintf (path, sizeof path, "p/%u/package.json", i);
        tree_put (path, "{}");
    }
    workspace_report_t report = tree_detect ("");
    assert_int_equal (report.workspaces.items[0].members.count, LIMIT_MEMBERS);
    assert_true (report.workspaces.items[0].more);
    record_clear (&RECORD_workspace_report, &report);
    char *large = malloc (LIMIT_MARKER_BYTES + 2);
    memset (large, ' ', LIMIT_MARKER_BYTES + 1);
    large[LIMIT_MARKER_BYTES + 1] = '\0';
    tree_put ("package.json", large);
    free (large);
    report = tree_detect ("");
    assert_int_equal (report.workspaces.count, 0);
    assert_string_equal (report.notes.items[0], "package.json was not read: it is larger than 1 MiB");
    record_clear (&RECORD_workspace_report, &report);
}

/*  A pattern that says "any folders" as often as there is room for. */
static void test_any_folders_again_and_again (void **state)
{
    (void) state;
    char text[LIMIT_PATH + 64] = "{\"workspaces\": [\"";
    while (strlen (text) + 64 < LIMIT_PATH)
        strcat (text, "**/");
    tree_put ("package.json", strcat (text, "p\"]}"));
    tree_put ("a/b/p/package.json", "{}");
    struct rlimit whole, little;
    getrlimit (RLIMIT_STACK, &whole);
    little = whole;
    little.rlim_cur = 1 << 20; /*  there is no need for more, however long it is */
    setrlimit (RLIMIT_STACK, &little);
    workspace_report_t report = tree_detect ("");
    setrlimit (RLIMIT_STACK, &whole);
    assert_string_equal (tree_members (&report.workspaces.items[0]), "a/b/p");
    assert_false (report.workspaces.items[0].more);
    record_clear (&RECORD_workspace_report, &report);
}

/*  Links in a circle, and a pipe that nobody writes to in place of a file. */
static void test_loops (void **state)
{
    (void) state;
    tree_put ("nx.json", "{}");
    tree_put ("a/project.json", "{}");
    assert_int_equal (symlink ("..", tree_path ("a/up")), 0);
    assert_int_equal (symlink ("self", tree_path ("self")), 0);
    assert_int_equal (mkfifo (tree_path ("package.json"), 0600), 0);
    workspace_report_t report = tree_detect ("a/up/a");
    assert_string_equal (report.folder, tree_path ("a"));
    assert_string_equal (tree_members (&report.workspaces.items[0]), "a");
    record_clear (&RECORD_workspace_report, &report);
    baton_error_t error = {0};
    assert_int_equal (workspace_detect (tree_path ("self"), NULL, &report, &error), BATON_invalid_argument);
    assert_non_null (strstr (error.message, "symbolic links"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_members),
        cmocka_unit_test (test_all_groups),
        cmocka_unit_test (test_no_workspace),
        cmocka_unit_test_setup_teardown (test_nested, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_bounds, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_any_folders_again_and_again, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_loops, tree_begin, tree_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
