/*  What every unit test includes: cmocka with what it wants before it. */
#ifndef BATON_UNIT_H
#define BATON_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

#endif
