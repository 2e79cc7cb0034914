#include "inherit_scripts.h"

/*  A repository's settings may name programs for git to run: hooks, a file system monitor, filters, transports.
 * Settings can be a pipe, and git would wait for it. */
#define GIT_SAFELY                                                                                                     \
    "set -e\n"                                                                                                         \
    "unset $(git rev-parse --local-env-vars)\n"                                                                        \
    "export GIT_ALLOW_PROTOCOL=none GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0\n"                                       \
    "git() { command git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c worktree.useRelativePaths=false "      \
    "-C \"$@\"; }\n"

/*  The copy of a linked worktree becomes one of its own, on a branch of its own, with what is staged: its .git is a
 * file, and the copied one would name the index and HEAD of the source. Any other .git that is no folder and leads out
 * of the copy would be shared likewise, and nothing can be put in its place. */
const char INHERIT_COPY[] =
    "set -e\n"
    "export LC_ALL=C\n"
    "trap 'rm -rf -- \"$2.tree\"' EXIT\n"
    "folder=$(readlink -ve -- \"$1\")\n"
    "linked= depth=1\n"
    "if [ -f \"$folder/.git\" ] && [ ! -L \"$folder/.git\" ]; then\n"
    "    IFS= read -r to <\"$folder/.git\" || :\n"
    "    to=${to#gitdir: }\n"
    "    case $to in /*) ;; *) to=$folder/$to ;; esac\n"
    "    if [ -f \"$to/commondir\" ]; then linked=yes depth=2; fi\n"
    "fi\n"
    "check='\n"
    "    if [ -L \"$2\" ]; then to=$(readlink -- \"$2\")\n"
    "    else IFS= read -r to <\"$2\"; to=${to#gitdir: }; fi\n"
    "    case $to in\n"
    "    /*) ;;\n"
    "    *) to=$(readlink -m -- \"${2%/*}/$to\"); case $to/ in \"$1\"/*) exit ;; esac ;;\n"
    "    esac\n"
    "    if [ -e \"$to\" ]; then printf \"%s\\n\" \"$2\"; fi'\n"
    "shared=$(find \"$folder\" -xdev -mindepth $depth -name .git '(' -type f -o -type l ')' "
    "-exec sh -c \"$check\" sh \"$folder\" '{}' ';' | head -n 1)\n"
    "if [ -n \"$shared\" ]; then\n"
    "    echo \"$shared leads to a repository elsewhere, which a copy would share: take --workspace worktree, or "
    "shared\""
    " >&2\n"
    "    exit 1\n"
    "fi\n"
    "cp -a --reflink=auto --one-file-system -- \"$1/.\" \"$2\"\n"
    "if [ -n \"$linked\" ]; then\n" GIT_SAFELY
    "    git \"$1\" worktree add --quiet --force --no-checkout -B \"baton/$4\" \"$2.tree\" HEAD\n"
    "    theirs=$(git \"$1\" rev-parse --absolute-git-dir) own=$(git \"$2.tree\" rev-parse --absolute-git-dir)\n"
    "    for file in \"$theirs\"/index \"$theirs\"/sharedindex.*; do\n"
    "        if [ -f \"$file\" ]; then cp -a -- \"$file\" \"$own/\"; fi\n"
    "    done\n"
    "    mv -T -- \"$2.tree/.git\" \"$2/.git\"\n"
    "    printf '%s/.git\\n' \"$3\" >\"$own/gitdir\"\n"
    "fi\n"
    "sync -f \"$2\"\n"
    "mv -T -- \"$2\" \"$3\"\n";

/*  git does not say that a disk is full when it can't write a file. The repository knows of no worktree that has
 * failed. The filters are asked for in the new folder, since settings can be made to hold there alone. `git worktree
 * move` would refuse where there are submodules. */
const char INHERIT_WORKTREE[] =
    "export LC_ALL=C\n" GIT_SAFELY
    "top=$(timeout --foreground -k 1 5 git -C \"$1\" rev-parse --show-toplevel) || exit 1\n"
    "[ \"$top\" -ef \"$1\" ] || { echo \"it is not the root of a git repository\" >&2; exit 1; }\n"
    "trap 'if [ $? != 0 ]; then\n"
    "    [ \"$(stat -f -c %a -- \"${2%/*}\")\" != 0 ] || echo No space left on device >&2\n"
    "    git \"$1\" worktree remove --force \"$2\" >/dev/null 2>&1 || :\n"
    "fi' EXIT\n"
    "git \"$1\" worktree add --quiet --force --no-checkout -B \"baton/$4\" \"$2\" HEAD\n"
    "filters=$(git \"$2\" config --name-only --get-regexp '^filter[.]' || true)\n"
    "count=0\n"
    "while IFS= read -r name; do\n"
    "    [ -n \"$name\" ] || continue\n"
    "    case $name in *.required) value=false ;; *) value= ;; esac\n"
    "    export \"GIT_CONFIG_KEY_$count=$name\" \"GIT_CONFIG_VALUE_$count=$value\"\n"
    "    count=$((count + 1))\n"
    "done <<END\n"
    "$filters\n"
    "END\n"
    "export GIT_CONFIG_COUNT=$count\n"
    "git \"$2\" reset --quiet --hard --no-recurse-submodules\n"
    "folder=$(git \"$2\" rev-parse --absolute-git-dir)\n"
    "printf '%s/.git\\n' \"$3\" >\"$folder/gitdir\"\n"
    "mv -T -- \"$2\" \"$3\"\n";
