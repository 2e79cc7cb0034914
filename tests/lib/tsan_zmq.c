/*  What ThreadSanitizer has to be told of libzmq, which is not built with it: a message that one thread sends and
 * another receives orders what the first did before after what the second does next. The functions here stand before
 * those of the library, for czmq as well, and say so; one clock for all sockets hides races between threads that talk
 * to others, but invents none.
 */
#ifdef __SANITIZE_THREAD__

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdlib.h>
#include <zmq.h>

static char handover;

static void *real (const char *name)
{
    void *function = dlsym (RTLD_NEXT, name);
    if (!function)
        abort ();
    return function;
}

#define SENDS(name, parameters, arguments)                                                                             \
    int name parameters                                                                                                \
    {                                                                                                                  \
        __tsan_release (&handover);                                                                                    \
        return ((int (*) parameters) real (#name)) arguments;                                                          \
    }

#define RECEIVES(name, parameters, arguments)                                                                          \
    int name parameters                                                                                                \
    {                                                                                                                  \
        int result = ((int (*) parameters) real (#name)) arguments;                                                    \
        __tsan_acquire (&handover);                                                                                    \
        return result;                                                                                                 \
    }

SENDS (zmq_send, (void *socket, const void *data, size_t size, int flags), (socket, data, size, flags))
SENDS (zmq_msg_send, (zmq_msg_t * message, void *socket, int flags), (message, socket, flags))
SENDS (zmq_sendmsg, (void *socket, zmq_msg_t *message, int flags), (socket, message, flags))
RECEIVES (zmq_recv, (void *socket, void *data, size_t size, int flags), (socket, data, size, flags))
RECEIVES (zmq_msg_recv, (zmq_msg_t * message, void *socket, int flags), (message, socket, flags))
RECEIVES (zmq_recvmsg, (void *socket, zmq_msg_t *message, int flags), (socket, message, flags))

#endif
