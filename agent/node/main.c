/*  baton-node: see docs/tour.md for the way through its sources. */
#include "files.h"
#include "id.h"
#include "limits.h"
#include "log.h"
#include "node.h"
#include "shim.h"

#include <czmq.h>
#include <getopt.h>
#include <signal.h>
#include <sys/file.h>

static const char USAGE[] =
    "usage: baton-node --state DIR --context NAME [options]\n"
    "\n"
    "Runs the sessions that the broker places on this host.\n"
    "\n"
    "  --state DIR        where the node keeps what must survive it; one node a folder\n"
    "  --context NAME     who the node is and where its broker is, made with `baton join TOKEN`: a name in your\n"
    "                     folder of contexts, or a path with a slash in it\n"
    "  --config FILE      drivers, slots and labels, in ZPL\n"
    "  --slots N          runs at a time\n"
    "  --label KEY=VALUE  a label to choose this node by; may be repeated\n"
    "  --transfer ADDRESS tcp://ADDRESS:PORT at which other nodes fetch workspaces\n"
    "  --stop-runs        stop the runs at the end; otherwise they go on, and are found again at the next start\n"
    "  --version, --help\n";

enum {
    OPTION_state = 1,
    OPTION_context,
    OPTION_config,
    OPTION_slots,
    OPTION_label,
    OPTION_transfer,
    OPTION_stop_runs,
    OPTION_version,
    OPTION_help
};

static const struct option OPTIONS[] = {
    {"state", required_argument, NULL, OPTION_state},   {"context", required_argument, NULL, OPTION_context},
    {"config", required_argument, NULL, OPTION_config}, {"slots", required_argument, NULL, OPTION_slots},
    {"label", required_argument, NULL, OPTION_label},   {"transfer", required_argument, NULL, OPTION_transfer},
    {"stop-runs", no_argument, NULL, OPTION_stop_runs}, {"version", no_argument, NULL, OPTION_version},
    {"help", no_argument, NULL, OPTION_help},           {NULL, 0, NULL, 0}};

typedef struct {
    const char *state;
    const char *context;
    node_options_t node;
} arguments_t;

static baton_status bad_option (baton_error_t *error, const char *option, const char *rule)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, option, "--%s %s", option, rule);
}

static baton_status take_label (config_t *config, char *text, baton_error_t *error)
{
    char *equals = strchr (text, '=');
    if (!equals || equals == text)
        return bad_option (error, "label", "must be KEY=VALUE");
    *equals = '\0';
    return pairs_set (&config->labels, text, equals + 1) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status take_option (arguments_t *arguments, int option, baton_error_t *error)
{
    config_t *config = &arguments->node.config;
    switch (option) {
    case OPTION_state:
        arguments->state = optarg;
        return BATON_OK;
    case OPTION_context:
        arguments->context = optarg;
        return BATON_OK;
    case OPTION_config:
        return BATON_OK; /*  was read first: the command line goes over it */
    case OPTION_slots:
        return config_number (optarg, 1, LIMIT_SLOTS, &config->slots)
                   ? BATON_OK
                   : bad_option (error, "slots", "must be a whole number from 1 to 4096");
    case OPTION_label:
        return take_label (config, optarg, error);
    case OPTION_transfer:
        return config_set_transfer (config, optarg, error);
    case OPTION_stop_runs:
        arguments->node.stop_runs = true;
        return BATON_OK;
    case OPTION_version:
        puts ("baton-node " BATON_VERSION);
        exit (EXIT_SUCCESS);
    case OPTION_help:
        fputs (USAGE, stdout);
        exit (EXIT_SUCCESS);
    default:
        fputs (USAGE, stderr);
        exit (2);
    }
}

static baton_status read_arguments (int argc, char **argv, arguments_t *arguments, baton_error_t *error)
{
    baton_status status = config_init (&arguments->node.config);
    int option;
    opterr = 0;
    while (status == BATON_OK && (option = getopt_long (argc, argv, "", OPTIONS, NULL)) != -1)
        if (option == OPTION_config)
            status = config_load (&arguments->node.config, optarg, error);
    opterr = 1;
    optind = 1;
    while (status == BATON_OK && (option = getopt_long (argc, argv, "", OPTIONS, NULL)) != -1)
        status = take_option (arguments, option, error);
    if (status != BATON_OK)
        return status;
    if (optind < argc || !arguments->state || !arguments->context) {
        fputs (USAGE, stderr);
        exit (2);
    }
    return baton_context_open (arguments->context, &arguments->node.context, error);
}

/*  The lock is held until the process ends, however it ends. */
static baton_status lock_state (arguments_t *arguments, char ret_path[PATH_MAX], baton_error_t *error)
{
    char path[PATH_MAX + 8];
    baton_status status = files_make_folder (arguments->state, error);
    if (status != BATON_OK)
        return status;
    if (!realpath (arguments->state, ret_path))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_storage_failed, "can't use %s: %s",
                           arguments->state, strerror (errno));
    snprintf (path, sizeof path, "%s/lock", ret_path);
    int lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_storage_failed, "can't write %s: %s", path,
                           strerror (errno));
    if (flock (lock, LOCK_EX | LOCK_NB) < 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_state_in_use, "another baton-node uses %s",
                           ret_path);
    arguments->node.state = ret_path;
    return BATON_OK;
}

static void block_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGCHLD);
    sigprocmask (SIG_BLOCK, &set, NULL);
    signal (SIGPIPE, SIG_IGN);
    zsys_handler_set (NULL);
}

int main (int argc, char **argv)
{
    if (argc > 1 && strcmp (argv[1], SHIM_WORD) == 0)
        return shim_main (argc - 1, argv + 1);
    arguments_t arguments = {.state = NULL};
    char state[PATH_MAX];
    baton_error_t error = {.message = "out of memory"};
    block_signals ();
    baton_status status = id_init ();
    if (status == BATON_OK)
        status = read_arguments (argc, argv, &arguments, &error);
    if (status == BATON_OK)
        status = lock_state (&arguments, state, &error);
    if (status == BATON_OK)
        status = node_run (&arguments.node, &error);
    config_clear (&arguments.node.config);
    if (status != BATON_OK) {
        const char *hint = baton_reason_hint (error.reason);
        log_error ("%s%s%s", error.message, *hint ? "; " : "", hint);
    }
    zsys_shutdown ();
    return status == BATON_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
