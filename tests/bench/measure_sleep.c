/*  What sleeping sessions cost while nothing is due. */
#include "daemon.h"
#include "measures.h"
#include "prefill.h"
#include "report.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define SETTLE_US 2000000 /*  after the start, in which the broker looks at its deadlines once */

void measure_sleep (const plan_t *plan)
{
    static const row_t IDLE = {.id = "sleep_idle",
                               .what = "sleeping sessions with a timer each, none due: of a core",
                               .unit = "%",
                               .limit = "1 % of a core",
                               .better = BETTER_less,
                               .target = 1};
    daemon_t daemon = {.program = plan->batond};
    snprintf (daemon.state, sizeof daemon.state, "%s/sleepers", plan->folder);
    prefill_sleepers (daemon.state, plan->large_sessions);
    daemon_start (&daemon);
    usleep (plan->duration_us < SETTLE_US ? 0 : SETTLE_US);
    uint64_t began = clock_us (), used = daemon_cpu_us (&daemon);
    usleep ((useconds_t) plan->duration_us);
    used = daemon_cpu_us (&daemon) - used;
    report_add (&IDLE, 100.0 * (double) used / (double) (clock_us () - began), 1);
    report_note ("sleep_sessions", "  sessions there", "", (double) plan->large_sessions);
    daemon_stop (&daemon, SIGTERM);
}
