#include "arguments.h"

#include "console.h"
#include "log.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_TTL 6000 /*  ms, unless given */
#define HTTP_RATE 2000 /*  requests a second, unless given */

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

typedef enum { TAKES_nothing, TAKES_text, TAKES_number, TAKES_name, TAKES_level, SHOWS_version, SHOWS_help } taking_t;

#define AT(field) offsetof (arguments_t, field)
static const struct row {
    const char *name;
    taking_t taking;
    size_t at; /*  in arguments_t */
    uint64_t least, most;
    const char *unit;
} ROWS[] = {
    {"state", TAKES_text, AT (state), 0, 0, NULL},
    {"listen", TAKES_text, AT (listen), 0, 0, NULL},
    {"advertise", TAKES_text, AT (advertise), 0, 0, NULL},
    {"lease-ttl", TAKES_number, AT (lease_ttl), 1000, 600000, "milliseconds"},
    {"http", TAKES_text, AT (http.listen), 0, 0, NULL},
    {"http-cert", TAKES_text, AT (http.certificate), 0, 0, NULL},
    {"http-key", TAKES_text, AT (http.key), 0, 0, NULL},
    {"http-behind-proxy", TAKES_nothing, AT (http.behind_proxy), 0, 0, NULL},
    {"http-host", TAKES_name, 0, 0, 0, NULL},
    {"http-rate", TAKES_number, AT (http_rate), 1, 1000000, "requests a second"},
    {"log-level", TAKES_level, 0, 0, 0, NULL},
    {"rekey", TAKES_nothing, AT (rekey), 0, 0, NULL},
    {"version", SHOWS_version, 0, 0, 0, NULL},
    {"help", SHOWS_help, 0, 0, 0, NULL},
};
#define ROW_COUNT (sizeof ROWS / sizeof *ROWS)

static int refuse_option (const struct row *row, const char *what, const char *text)
{
    char message[200];
    snprintf (message, sizeof message, "--%s takes %s, not ", row->name, what);
    return 1 + usage (message, text);
}

static int take_number (const struct row *row, const char *text, uint64_t *ret_number)
{
    char what[100];
    uint64_t number = strtoull (text, NULL, 10);
    snprintf (what, sizeof what, "%lu to %lu %s", row->least, row->most, row->unit);
    if (!*text || text[strspn (text, "0123456789")] || number < row->least || number > row->most)
        return refuse_option (row, what, text);
    *ret_number = number;
    return 0;
}

static int take_name (gateway_options_t *http, const char *text)
{
    if (http->name_count == GATEWAY_NAMES)
        return 1 + usage ("there are too many names: no more room for --http-host ", text);
    http->names[http->name_count++] = text;
    return 0;
}

static int show (const char *text)
{
    fputs (text, stdout);
    return 1;
}

/*  As arguments_parse. */
static int take (arguments_t *arguments, const struct row *row, const char *text)
{
    void *at = (char *) arguments + row->at;
    switch (row->taking) {
    case TAKES_nothing:
        *(bool *) at = true;
        return 0;
    case TAKES_text:
        *(const char **) at = text;
        return 0;
    case TAKES_number:
        return take_number (row, text, at);
    case TAKES_name:
        return take_name (&arguments->http, text);
    case TAKES_level:
        return set_level (text) ? 0 : refuse_option (row, "error, warning, info or debug", text);
    case SHOWS_version:
        return show ("batond " BATON_VERSION "\n");
    case SHOWS_help:
        break;
    }
    return show (HELP);
}

int arguments_parse (int argc, char **argv, arguments_t *ret)
{
    struct option options[ROW_COUNT + 1] = {0};
    int done = 0;
    for (size_t i = 0; i < ROW_COUNT; i++)
        options[i] = (struct option){.name = ROWS[i].name,
                                     .has_arg = ROWS[i].taking >= TAKES_text && ROWS[i].taking <= TAKES_level};
    *ret = (arguments_t){.listen = "tcp://127.0.0.1:7600", .lease_ttl = LEASE_TTL, .http_rate = HTTP_RATE};
    for (int option, row = 0; done == 0 && (option = getopt_long (argc, argv, "h", options, &row)) != -1;)
        done = option == 'h'   ? show (HELP)
               : option == '?' ? 1 + usage ("that option is not known", "")
                               : take (ret, &ROWS[row], optarg);
    if (done)
        return done;
    ret->http.rate = (unsigned) ret->http_rate;
    ret->http.pages = CONSOLE_PAGES;
    ret->http.page_count = CONSOLE_PAGE_COUNT;
    if (optind < argc)
        return 1 + usage ("there is no use for the argument ", argv[optind]);
    return ret->state && *ret->state ? 0 : 1 + usage ("--state DIR is required", "");
}
