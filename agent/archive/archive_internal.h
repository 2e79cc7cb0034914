/*  What reader and writer share: how a section looks from outside, and what the signature is about. */
#ifndef BATON_ARCHIVE_INTERNAL_H
#define BATON_ARCHIVE_INTERNAL_H

#include "archive.h"
#include "aside.h"

/*  As in PNG: a transfer that touches line ends or the eighth bit is noticed at once. */
#define MAGIC                                                                                                          \
    "\x89"                                                                                                             \
    "BTN\r\n\x1a\n"
#define MAGIC_SIZE 8

/*  kind, 1 when packed, two zeros, stored size and size as little-endian numbers of 32 bits. */
#define HEADER_SIZE 12

/*  The signature is over this, with its NUL, and the digest of every byte before the seal. */
#define SEALED "Baton archive 1"

typedef struct {
    uint8_t text[sizeof SEALED];
    uint8_t digest[ARCHIVE_DIGEST];
} sealed_t;

#endif
