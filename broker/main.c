/*  batond: the broker. */
#include "console.h"
#include "gateway.h"
#include "log.h"
#include "server.h"
#include "state_dir.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define CACHED_SESSIONS 4096
#define KEPT (32 << 20) /*  bytes, of each thread: what a content takes on its way, a few times */
#define LEASE_TTL 6000  /*  ms, unless given */
#define HTTP_RATE 2000  /*  requests a second, unless given */

typedef struct {
    const char *state;
    const char *listen;
    const char *advertise;
    uint64_t lease_ttl;
    bool rekey;
    gateway_options_t http; /*  listen NULL: off */
} arguments_t;

static const char HELP[] =
    "batond --state DIR [options]\n"
    "The broker of Baton: keeps the sessions of a site and publishes their events.\n\n"
    "  --state DIR          where everything is kept; made at the first start\n"
    "  --listen ENDPOINT    default tcp://127.0.0.1:7600; port * takes any free one\n"
    "  --advertise ENDPOINT what invitations tell others to connect to (default: where it listens)\n"
    "  --http ADDRESS:PORT  serve HTTP there, as at 127.0.0.1:7680 (default: not at all)\n"
    "  --http-cert FILE, --http-key FILE\n"
    "                       serve HTTPS with this certificate and its key, in PEM\n"
    "  --http-behind-proxy  a proxy does TLS: serve HTTP beyond loopback all the same\n"
    "  --http-host NAME     a name by which browsers and proxies call it; may be given several times\n"
    "  --http-rate N        requests a second with one token, or from one address without one (1 to 1000000, default "
    "2000)\n"
    "  --lease-ttl MS       a node that is silent for so long has lost its sessions (1000 to 600000, default 6000)\n"
    "  --rekey              give the broker a new key pair, print its public key, and end (docs/operations.md)\n"
    "  --log-level LEVEL    error, warning, info or debug (default info)\n"
    "  --version, --help\n\n"
    "The first start makes DIR/admin.ctx, and each start links it to $XDG_RUNTIME_DIR/baton (root: /run/baton),\n"
    "where `baton` of the same user finds it; anywhere else, set BATON_CONTEXT=DIR/admin.ctx.\n";

static int usage (const char *message, const char *what)
{
    fprintf (stderr, "batond: %s%s\nTry: batond --help\n", message, what);
    return 2;
}

static bool set_level (const char *name)
{
    static const struct {
        const char *name;
        log_level_t level;
    } LEVELS[] = {{"error", LOG_LEVEL_error},
                  {"warning", LOG_LEVEL_warning},
                  {"info", LOG_LEVEL_info},
                  {"debug", LOG_LEVEL_debug}};
    for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
        if (strcmp (name, LEVELS[i].name) == 0) {
            log_set_level (LEVELS[i].level);
            return true;
        }
    return false;
}

/*  0: go on; otherwise exit with that code less one. */
static int parse (int argc, char **argv, arguments_t *ret)
{
    static const struct option OPTIONS[] = {{"state", 1, 0, 's'},
                                            {"listen", 1, 0, 'l'},
                                            {"advertise", 1, 0, 'a'},
                                            {"lease-ttl", 1, 0, 't'},
                                            {"http", 1, 0, 'w'},
                                            {"http-cert", 1, 0, 'c'},
                                            {"http-key", 1, 0, 'y'},
                                            {"http-behind-proxy", 0, 0, 'p'},
                                            {"http-host", 1, 0, 'n'},
                                            {"http-rate", 1, 0, 'r'},
                                            {"log-level", 1, 0, 'v'},
                                            {"rekey", 0, 0, 'k'},
                                            {"version", 0, 0, 'V'},
                                            {"help", 0, 0, 'h'},
                                            {0}};
    *ret = (arguments_t){.listen = "tcp://127.0.0.1:7600", .lease_ttl = LEASE_TTL, .http.rate = HTTP_RATE};
    ret->http.pages = CONSOLE_PAGES;
    ret->http.page_count = CONSOLE_PAGE_COUNT;
    for (int option; (option = getopt_long (argc, argv, "h", OPTIONS, NULL)) != -1;) {
        char *end = NULL;
        switch (option) {
        case 's':
            ret->state = optarg;
            break;
        case 'l':
            ret->listen = optarg;
            break;
        case 'a':
            ret->advertise = optarg;
            break;
        case 't':
            ret->lease_ttl = strtoull (optarg, &end, 10);
            if (*end || ret->lease_ttl < 1000 || ret->lease_ttl > 600000)
                return 1 + usage ("--lease-ttl takes 1000 to 600000 milliseconds, not ", optarg);
            break;
        case 'w':
            ret->http.listen = optarg;
            break;
        case 'c':
            ret->http.certificate = optarg;
            break;
        case 'y':
            ret->http.key = optarg;
            break;
        case 'p':
            ret->http.behind_proxy = true;
            break;
        case 'n':
            if (ret->http.name_count == GATEWAY_NAMES)
                return 1 + usage ("there are too many names: no more room for --http-host ", optarg);
            ret->http.names[ret->http.name_count++] = optarg;
            break;
        case 'r':
            ret->http.rate = (unsigned) strtoul (optarg, &end, 10);
            if (*end || ret->http.rate < 1 || ret->http.rate > 1000000)
                return 1 + usage ("--http-rate takes 1 to 1000000 requests a second, not ", optarg);
            break;
        case 'v':
            if (!set_level (optarg))
                return 1 + usage ("--log-level takes error, warning, info or debug, not ", optarg);
            break;
        case 'k':
            ret->rekey = true;
            break;
        case 'V':
            puts ("batond " BATON_VERSION);
            return 1;
        case 'h':
            fputs (HELP, stdout);
            return 1;
        default:
            return 1 + usage ("that option is not known", "");
        }
    }
    if (optind < argc)
        return 1 + usage ("there is no use for the argument ", argv[optind]);
    return ret->state && *ret->state ? 0 : 1 + usage ("--state DIR is required", "");
}

static uint64_t now_ms (void)
{
    struct timespec time;
    clock_gettime (CLOCK_REALTIME, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

/*  A site that is there knows its admin by the key in admin.ctx: a fresh one would be a stranger's. */
static baton_status announce (state_dir_t *state, const journal_t *journal, const char *path, const char *endpoint,
                              baton_error_t *error)
{
    if (journal_site (journal)->n == 0 || *state->admin.endpoint)
        return state_dir_announce (state, path, endpoint, error);
    log_warning ("%s/admin.ctx is missing: restore it from a backup, or let another admin invite a new one", path);
    return BATON_OK;
}

/*  Connections are cheap, and refusing them is not: libzmq tries again and again to accept what it has no room for. */
static void raise_files (void)
{
    struct rlimit files;
    if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit (RLIMIT_NOFILE, &files);
    }
}

static baton_status serve (const arguments_t *arguments, state_dir_t *state, store_t *store, int stop_fd,
                           baton_error_t *error)
{
    journal_t *journal = NULL;
    frontend_t *frontend = NULL;
    reader_t *reader = NULL;
    writers_t *writers = NULL;
    server_t *server = NULL;
    door_t *door = NULL;
    gateway_t *gateway = NULL;
    broker_options_t options = {.lease_ttl = arguments->lease_ttl};
    baton_status status = journal_new (store, CACHED_SESSIONS, &journal, error);
    if (status == BATON_OK)
        status = frontend_new (arguments->listen, state->broker.secret_key, &frontend, error);
    if (status == BATON_OK) {
        const char *endpoint = arguments->advertise ? arguments->advertise : frontend_endpoint (frontend);
        snprintf (options.endpoint, sizeof options.endpoint, "%s", endpoint);
        memcpy (options.key, state->broker.public_key, sizeof options.key);
        status = announce (state, journal, arguments->state, frontend_endpoint (frontend), error);
    }
    if (status == BATON_OK && journal_site (journal)->n == 0)
        status = journal_found_site (journal, "admin", state->admin.public_key, now_ms (), error);
    if (status == BATON_OK)
        status = reader_new (frontend, arguments->state, &reader, error);
    if (status == BATON_OK)
        status = writers_new (frontend, arguments->state, &writers, error);
    if (status == BATON_OK && arguments->http.listen)
        status = door_new (frontend_context (frontend), &door, error);
    if (status == BATON_OK && door)
        status = gateway_new (&arguments->http, door, &gateway, error);
    if (status == BATON_OK && gateway)
        snprintf (options.http, sizeof options.http, "%s", gateway_url (gateway));
    if (status == BATON_OK)
        status = server_new (&options, store, journal, frontend, reader, writers, door, &server, error);
    if (status == BATON_OK) {
        log_info ("batond " BATON_VERSION " listens on %s%s%s, state in %s", frontend_endpoint (frontend),
                  gateway ? " and " : "", options.http, arguments->state);
        sd_notify (0, "READY=1");
        status = server_run (server, stop_fd, error);
        sd_notify (0, "STOPPING=1");
    }
    gateway_destroy (&gateway);
    server_destroy (&server);
    door_destroy (&door);
    writers_destroy (&writers);
    reader_destroy (&reader);
    frontend_destroy (&frontend);
    journal_destroy (&journal);
    return status;
}

static baton_status rekey (const arguments_t *arguments, state_dir_t *state, baton_error_t *error)
{
    baton_status status = state_dir_rekey (state, arguments->state, error);
    if (status == BATON_OK)
        puts (state->broker.public_key);
    return status;
}

static baton_status work (const arguments_t *arguments, state_dir_t *state, int stop_fd, baton_error_t *error)
{
    if (arguments->rekey)
        return rekey (arguments, state, error);
    store_t *store = NULL;
    baton_status status = store_open_sqlite (arguments->state, &store, error);
    if (status == BATON_OK)
        status = serve (arguments, state, store, stop_fd, error);
    store_close (&store);
    return status;
}

int main (int argc, char **argv)
{
    arguments_t arguments;
    int done = parse (argc, argv, &arguments);
    if (done)
        return done - 1;
    raise_files ();
    /*  Contents of megabytes come and go, and malloc would have the kernel clear the memory of each anew. */
    mallopt (M_MMAP_THRESHOLD, KEPT);
    mallopt (M_TRIM_THRESHOLD, KEPT);
    umask (077); /*  all that is made here is the owner's alone */
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigprocmask (SIG_BLOCK, &signals, NULL);
    signal (SIGPIPE, SIG_IGN);
    int stop_fd = signalfd (-1, &signals, SFD_CLOEXEC);

    baton_error_t error = {0};
    state_dir_t state = {.lock = -1};
    baton_status status = id_init ();
    if (status == BATON_OK)
        status = state_dir_open (arguments.state, &state, &error);
    if (status == BATON_OK)
        status = work (&arguments, &state, stop_fd, &error);
    state_dir_close (&state);
    if (status != BATON_OK)
        fprintf (stderr, "batond: %s\n  -> %s\n", error.message, baton_reason_hint (error.reason));
    close (stop_fd);
    return status == BATON_OK ? 0 : 1;
}
