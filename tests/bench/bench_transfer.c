/*  How fast a workspace moves, beside how fast libzmq moves bytes with CURVE, in the same run.
 *
 *    bench_transfer [FOLDER]     where to make the workspaces, by default the current folder: 1.5 GiB, removed
 * afterwards
 *
 *  raw        DEALER to ROUTER over TCP on loopback with CURVE, 256 MiB in messages of 256 KiB
 *  transfer   a workspace of 256 MiB in 5,000 files of bytes that don't compress, from the first byte asked for to the
 * last one verified and written; scan (reading and hashing it at the source) comes before it, and the disk flush after
 *  standstill from the freeze to accepted, when 1 % of the files have changed since the pre-copy
 *
 *  Source and target are processes of their own, each with one ZeroMQ I/O thread, in both measurements. The best of
 * three.
 */
#include "chunk.h"
#include "files.h"
#include "transfer_source.h"
#include "transfer_target.h"
#include "transfer_zap.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES 5000
#define TOTAL (256u << 20)
#define MESSAGE (256u << 10)
#define ROUNDS 3

static double now (void)
{
    return (double) zclock_usecs () / 1e6;
}

static void die (const char *what)
{
    fprintf (stderr, "bench_transfer: %s\n", what);
    exit (1);
}

typedef struct {
    char public_key[KEY_SIZE];
    char secret_key[KEY_SIZE];
} keys_t;

static keys_t new_keys (void)
{
    keys_t keys;
    if (zmq_curve_keypair (keys.public_key, keys.secret_key) < 0)
        die ("no CURVE");
    return keys;
}

/* ---- raw ---- */

static void send_raw (const char *endpoint, const char *server_key)
{
    keys_t keys = new_keys ();
    zsock_t *dealer = zsock_new (ZMQ_DEALER);
    zsock_set_curve_serverkey (dealer, server_key);
    zsock_set_curve_publickey (dealer, keys.public_key);
    zsock_set_curve_secretkey (dealer, keys.secret_key);
    zsock_connect (dealer, "%s", endpoint);
    uint8_t *bytes = malloc (MESSAGE);
    randombytes_buf (bytes, MESSAGE);
    for (unsigned sent = 0; sent < TOTAL / MESSAGE; sent++) {
        zframe_t *frame = zframe_new (bytes, MESSAGE);
        zframe_send (&frame, dealer, 0);
    }
    free (bytes);
    char *done = zstr_recv (dealer);
    zstr_free (&done);
    zsock_destroy (&dealer);
}

/*  Bytes a second. */
static double measure_raw (void)
{
    keys_t keys = new_keys ();
    int channel[2];
    if (pipe (channel) < 0)
        die ("no pipe");
    pid_t child = fork ();
    if (child == 0) {
        char endpoint[256] = "";
        if (read (channel[0], endpoint, sizeof endpoint) > 0)
            send_raw (endpoint, keys.public_key);
        exit (0);
    }
    zsock_t *router = zsock_new (ZMQ_ROUTER);
    zsock_set_curve_server (router, 1);
    zsock_set_curve_publickey (router, keys.public_key);
    zsock_set_curve_secretkey (router, keys.secret_key);
    zsock_bind (router, "tcp://127.0.0.1:*");
    if (write (channel[1], zsock_endpoint (router), strlen (zsock_endpoint (router)) + 1) < 0)
        die ("no pipe");
    double begun = 0;
    for (unsigned received = 0; received < TOTAL / MESSAGE; received++) {
        zmsg_t *message = zmsg_recv (router);
        if (received == 0)
            begun = now ();
        if (received + 1 == TOTAL / MESSAGE) {
            zframe_t *peer = zmsg_pop (message);
            zframe_send (&peer, router, ZFRAME_MORE);
            zstr_send (router, "done");
        }
        zmsg_destroy (&message);
    }
    double rate = (TOTAL - MESSAGE) / (now () - begun);
    waitpid (child, NULL, 0);
    zsock_destroy (&router);
    close (channel[0]);
    close (channel[1]);
    return rate;
}

/* ---- ours ---- */

static void write_file (const char *root, unsigned number)
{
    static uint8_t bytes[TOTAL / FILES];
    static uint64_t seed;
    char path[4200];
    uint8_t key[randombytes_SEEDBYTES] = {0};
    seed++;
    memcpy (key, &seed, sizeof seed);
    randombytes_buf_deterministic (bytes, sizeof bytes, key);
    snprintf (path, sizeof path, "%s/d%u", root, number / 100);
    mkdir (path, 0755);
    snprintf (path, sizeof path, "%s/d%u/f%u", root, number / 100, number);
    int file = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write (file, bytes, sizeof bytes) != sizeof bytes)
        die ("can't write the workspace");
    close (file);
}

/*  The source's process: obeys one letter at a time on its standard input, answers on the channel. */
static void serve (const char *root, const keys_t *keys, const keys_t *peer, int commands, int answers)
{
    zactor_t *zap = NULL;
    transfer_source_t *source = NULL;
    baton_error_t error;
    if (transfer_zap_new (&zap, &error) != BATON_OK ||
        transfer_source_new ("tcp://127.0.0.1:*", keys->public_key, keys->secret_key, &source, &error) != BATON_OK)
        die (error.message);
    if (transfer_source_allow (source, "bench", 1, peer->public_key, root, NULL, 0) != BATON_OK)
        die ("can't allow");
    char text[256];
    snprintf (text, sizeof text, "%s", transfer_source_endpoint (source));
    if (write (answers, text, sizeof text) != sizeof text)
        die ("no pipe");
    char command;
    while (read (commands, &command, 1) == 1 && command == 'f') {
        transfer_report_t report;
        transfer_source_freeze (source, "bench", 1);
        zpoller_t *poller = zpoller_new (transfer_source_pipe (source), NULL);
        while (!transfer_source_next (source, &report))
            zpoller_wait (poller, -1);
        zpoller_destroy (&poller);
        if (report.kind != TRANSFER_FROZEN)
            die (report.error.message);
        if (write (answers, report.digest, sizeof report.digest) < 0)
            die ("no pipe");
    }
    transfer_source_destroy (&source);
    zactor_destroy (&zap);
}

typedef struct {
    double scan;       /*  seconds until the first chunk */
    double transfer;   /*  from then until all is staged */
    double flush;      /*  until PREPARED */
    double freeze;     /*  until FROZEN */
    double standstill; /*  until ACCEPTED */
} timing_t;

static transfer_report_t wait_report (transfer_target_t *target)
{
    transfer_report_t report;
    zpoller_t *poller = zpoller_new (transfer_target_pipe (target), NULL);
    while (!transfer_target_next (target, &report))
        zpoller_wait (poller, -1);
    zpoller_destroy (&poller);
    if (report.kind == TRANSFER_FAILED)
        die (report.error.message);
    return report;
}

static void pre_copy (transfer_target_t *target, timing_t *timing)
{
    double begun = now (), first = 0, staged = 0;
    for (;;) {
        transfer_report_t report = wait_report (target);
        if (first == 0)
            first = now (); /*  reported with the first chunk that came: the scan is over */
        if (report.done == report.total && staged == 0)
            staged = now ();
        if (report.kind != TRANSFER_PREPARED)
            continue;
        timing->scan = first - begun;
        timing->transfer = staged - first;
        timing->flush = now () - staged;
        return;
    }
}

/*  Each round has folders of its own, removed at the end: ext4 is slow to make files where some were just deleted. */
static timing_t measure_ours (const char *folder, int round)
{
    char root[4096], staging[4096], endpoint[256], digest[DIGEST_SIZE];
    snprintf (root, sizeof root, "%s/source-%d", folder, round);
    snprintf (staging, sizeof staging, "%s/staging-%d", folder, round);
    if (mkdir (root, 0755) < 0)
        die ("can't make the workspace");
    for (unsigned i = 0; i < FILES; i++)
        write_file (root, i);
    sync ();
    keys_t keys = new_keys (), peer = new_keys ();
    int commands[2], answers[2];
    if (pipe (commands) < 0 || pipe (answers) < 0)
        die ("no pipe");
    pid_t child = fork ();
    if (child == 0) {
        close (commands[1]);
        serve (root, &keys, &peer, commands[0], answers[1]);
        exit (0);
    }
    close (commands[0]);
    if (read (answers[0], endpoint, sizeof endpoint) != sizeof endpoint)
        die ("no source");
    transfer_target_options_t options = {.endpoint = endpoint,
                                         .peer_key = keys.public_key,
                                         .public_key = peer.public_key,
                                         .secret_key = peer.secret_key,
                                         .session = "bench",
                                         .migration = 1,
                                         .staging = staging};
    transfer_target_t *target = NULL;
    timing_t timing = {0};
    if (transfer_target_new (&options, &target, NULL) != BATON_OK)
        die ("no target");
    pre_copy (target, &timing);
    for (unsigned i = 0; i < FILES; i += 100)
        write_file (root, i);
    double frozen = now ();
    if (write (commands[1], "f", 1) != 1 || read (answers[0], digest, sizeof digest) != sizeof digest)
        die ("no source");
    timing.freeze = now () - frozen;
    transfer_target_accept (target, digest);
    while (wait_report (target).kind != TRANSFER_ACCEPTED)
        continue;
    timing.standstill = now () - frozen;
    transfer_target_destroy (&target);
    close (commands[1]);
    close (answers[0]);
    waitpid (child, NULL, 0);
    return timing;
}

int main (int argc, char **argv)
{
    const char *where = argc > 1 ? argv[1] : ".";
    char folder[2048];
    snprintf (folder, sizeof folder, "%s/bench-transfer-XXXXXX", where);
    if (id_init () != BATON_OK || !mkdtemp (folder))
        die ("can't make a folder");
    double raw = 0, ours = 0, whole = 0, standstill = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        /*  Each measurement in a process of its own: a ZeroMQ context doesn't survive a fork. */
        int channel[2];
        double rate = 0;
        timing_t timing = {0};
        if (pipe (channel) < 0)
            die ("no pipe");
        pid_t child = fork ();
        if (child == 0) {
            rate = measure_raw ();
            exit (write (channel[1], &rate, sizeof rate) == sizeof rate ? 0 : 1);
        }
        if (read (channel[0], &rate, sizeof rate) != sizeof rate)
            die ("the raw measurement failed");
        waitpid (child, NULL, 0);
        child = fork ();
        if (child == 0) {
            timing = measure_ours (folder, i);
            exit (write (channel[1], &timing, sizeof timing) == sizeof timing ? 0 : 1);
        }
        close (channel[1]);
        if (read (channel[0], &timing, sizeof timing) != sizeof timing)
            die ("our measurement failed");
        waitpid (child, NULL, 0);
        close (channel[0]);
        printf ("raw %.0f MB/s; ours: scan %.0f ms, transfer %.0f ms (%.0f MB/s), flush %.0f ms; freeze %.0f ms, "
                "standstill %.0f ms\n",
                rate / 1e6, timing.scan * 1e3, timing.transfer * 1e3, TOTAL / timing.transfer / 1e6, timing.flush * 1e3,
                timing.freeze * 1e3, timing.standstill * 1e3);
        fflush (stdout); /*  or each child would print it again */
        raw = rate > raw ? rate : raw;
        ours = TOTAL / timing.transfer > ours ? TOTAL / timing.transfer : ours;
        whole = TOTAL / (timing.scan + timing.transfer) > whole ? TOTAL / (timing.scan + timing.transfer) : whole;
        standstill = timing.standstill < standstill ? timing.standstill : standstill;
    }
    files_remove_tree (folder);
    printf ("%-28s %10s %10s %6s\n", "migration", "ours", "raw", "ratio");
    printf ("%-28s %10.0f %10.0f %6.2f\n", "transfer, MB/s", ours / 1e6, raw / 1e6, ours / raw);
    printf ("%-28s %10.0f %10.0f %6.2f\n", "scan and transfer, MB/s", whole / 1e6, raw / 1e6, whole / raw);
    printf ("%-28s %10.0f\n", "freeze to accepted, ms", standstill * 1e3);
    return 0;
}
