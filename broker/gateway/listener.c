/*  Where the gateway listens. */
#include "gateway_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static baton_status refuse (const char *listen_at, const char *why, baton_error_t *error)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_cant_listen, "cannot listen for HTTP at %s: %s",
                       listen_at, why);
}

/*  The address without its brackets, and the port. */
static bool split (const char *listen_at, char address[256], char port[6])
{
    const char *colon = strrchr (listen_at, ':');
    size_t size = colon ? (size_t) (colon - listen_at) : 0;
    bool brackets = size >= 2 && listen_at[0] == '[' && listen_at[size - 1] == ']';
    if (size == 0 || size >= 256 || strlen (colon + 1) > 5 || !colon[1] ||
        strspn (colon + 1, "0123456789") != strlen (colon + 1))
        return false;
    snprintf (address, 256, "%.*s", (int) (brackets ? size - 2 : size), listen_at + brackets);
    snprintf (port, 6, "%s", colon + 1);
    return brackets || !strchr (address, ':');
}

static baton_status check_reach (const gateway_options_t *options, const struct addrinfo *at, baton_error_t *error)
{
    if (!options->certificate != !options->key)
        return refuse (options->listen, "a certificate needs its key, and a key its certificate", error);
    if (options->certificate || options->behind_proxy || guard_loopback (at->ai_addr))
        return BATON_OK;
    return refuse (options->listen,
                   "others could read along: give --http-cert and --http-key, or --http-behind-proxy if a proxy does "
                   "TLS",
                   error);
}

static int open_at (const struct addrinfo *at)
{
    int on = 1, fd = socket (at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6)
        setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind (fd, at->ai_addr, at->ai_addrlen) == 0 && listen (fd, SOMAXCONN) == 0)
        return fd;
    int why = errno;
    close (fd);
    errno = why;
    return -1;
}

static bool is_any (const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET
               ? ((const struct sockaddr_in *) address)->sin_addr.s_addr == INADDR_ANY
               : IN6_IS_ADDR_UNSPECIFIED (&((const struct sockaddr_in6 *) address)->sin6_addr);
}

/*  An address that stands for all of them leads nobody here, and past a proxy is not the way: then it is by name. */
static void name_url (const gateway_options_t *options, int fd, char ret_address[LISTENER_TEXT],
                      char ret_url[LISTENER_TEXT])
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    char address[256] = "", port[8] = "";
    const char *name = options->name_count > 0 ? options->names[0] : NULL, *tls = options->certificate ? "s" : "";
    getsockname (fd, (struct sockaddr *) &bound, &size);
    getnameinfo ((struct sockaddr *) &bound, size, address, sizeof address, port, sizeof port,
                 NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = strchr (address, ':');
    snprintf (ret_address, LISTENER_TEXT, "%s%s%s", v6 ? "[" : "", address, v6 ? "]" : "");
    if (name && options->behind_proxy)
        snprintf (ret_url, LISTENER_TEXT, "https://%s", name);
    else
        snprintf (ret_url, LISTENER_TEXT, "http%s://%s:%s", tls, name && is_any (&bound) ? name : ret_address, port);
}

baton_status listener_open (const gateway_options_t *options, int *ret_socket, char ret_address[LISTENER_TEXT],
                            char ret_url[LISTENER_TEXT], baton_error_t *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    char address[256], port[6];
    int fd = -1;
    if (!split (options->listen, address, port))
        return refuse (options->listen, "it must be ADDRESS:PORT", error);
    int failed = getaddrinfo (address, port, &hints, &found);
    if (failed)
        return refuse (options->listen, gai_strerror (failed), error);
    baton_status status = check_reach (options, found, error);
    if (status == BATON_OK && (fd = open_at (found)) < 0)
        status = refuse (options->listen, strerror (errno), error);
    freeaddrinfo (found);
    if (status != BATON_OK)
        return status;
    name_url (options, fd, ret_address, ret_url);
    *ret_socket = fd;
    return BATON_OK;
}
