#include "transfer_report.h"

#include <string.h>

void transfer_report_send (zsock_t *pipe, const transfer_report_t *report)
{
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, report, sizeof *report);
    zmsg_send (&message, pipe);
}

bool transfer_report_next (void *pipe, transfer_report_t *ret_report)
{
    while (zsock_events (pipe) & ZMQ_POLLIN) {
        zframe_t *frame = zframe_recv (pipe);
        bool whole = frame && zframe_size (frame) == sizeof *ret_report;
        if (whole)
            memcpy (ret_report, zframe_data (frame), sizeof *ret_report);
        zframe_destroy (&frame);
        if (whole)
            return true;
    }
    return false;
}
