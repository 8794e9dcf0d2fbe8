
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Tests of a table: one for each row, whose first member is the test's name,
 * and which the test function gets as its state; then others.
 */


#ifndef _ROWS_H_INCLUDED_
#define _ROWS_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>


/* fills "tests", which has room for all of them; returns how many they are */

static inline unsigned
rows_tests(struct CMUnitTest *tests, CMUnitTestFunction test, const void *rows,
    size_t size, unsigned nrows, const struct CMUnitTest *others,
    unsigned nothers)
{
    unsigned     n;
    const char  *row;

    memset(tests, 0, (nrows + nothers) * sizeof(struct CMUnitTest));

    for (n = 0; n < nrows; n++) {
        row = (const char *) rows + n * size;

        memcpy(&tests[n].name, row, sizeof(char *));

        tests[n].test_func = test;
        tests[n].initial_state = (void *) row;
    }

    memcpy(&tests[n], others, nothers * sizeof(struct CMUnitTest));

    return nrows + nothers;
}


#endif /* _ROWS_H_INCLUDED_ */
