/* What a story in C expects: says which line was disappointed, and goes on. */

#ifndef CREDEX_TESTS_EXPECT_H
#define CREDEX_TESTS_EXPECT_H

#include <stdio.h>

#include <credex.h>

/* How long anything may take that comes to pass. It only ends a story that has failed. */
#define SOON_MS 120000

static int wrong = 0;

static inline void expect(int line, const char *what, int expected, int seen)
{
    if (expected == seen)
        return;
    fprintf(stderr, "line %d: %s: expected %d, saw %d\n", line, what, expected, seen);
    wrong = 1;
}

#define EXPECT(expected, seen) expect(__LINE__, #seen, (int)(expected), (int)(seen))
#define OK CREDEX_STATUS_OK

#endif
