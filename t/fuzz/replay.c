
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Runs a fuzz target without a fuzzer: over each file that it is given, or
 * else of its seed corpus, as it is and cut short at every byte.  A file given
 * is what a fuzzer has found, and is run as it is alone.
 */


#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"


#define INPUT_MAX  (1024 * 1024)


static void run(const char *path, int cut);
static int by_name(const struct dirent **a, const struct dirent **b);
static int is_file(const struct dirent *entry);


int
main(int argc, char **argv)
{
    int             i, n;
    char           *noun, path[1024];
    struct dirent **entries;

    for (i = 1; i < argc; i++) {
        run(argv[i], 0);
    }

    if (argc > 1) {
        return 0;
    }

    noun = strstr(argv[0], "fuzz_");

    while (noun && strchr(noun, '/')) {
        noun = strstr(noun + 1, "fuzz_");
    }

    if (noun == NULL) {
        fprintf(stderr, "%s: the name of a target has \"fuzz_\"\n", argv[0]);
        return 2;
    }

    noun += sizeof("fuzz_") - 1;

    (void) snprintf(path, sizeof(path), "t/fuzz/corpus/%s", noun);

    n = scandir(path, &entries, is_file, by_name);

    if (n <= 0) {
        fprintf(stderr, "%s: no seeds in %s\n", argv[0], path);
        return 2;
    }

    printf("1..%d\n", n);

    for (i = 0; i < n; i++) {
        (void) snprintf(path, sizeof(path), "t/fuzz/corpus/%s/%s", noun,
                        entries[i]->d_name);
        run(path, 1);

        printf("ok %d - %s\n", i + 1, entries[i]->d_name);
        fflush(stdout);

        free(entries[i]);
    }

    free(entries);

    return 0;
}


static void
run(const char *path, int cut)
{
    FILE     *file;
    size_t    n, len;
    uint8_t  *data, *copy;

    data = malloc(INPUT_MAX);
    file = fopen(path, "rb");

    if (data == NULL || file == NULL) {
        perror(path);
        exit(2);
    }

    len = fread(data, 1, INPUT_MAX, file);

    fclose(file);

    for (n = cut ? 0 : len; n <= len; n++) {
        copy = malloc(n ? n : 1);

        if (copy == NULL) {
            perror("malloc()");
            exit(2);
        }

        memcpy(copy, data, n);

        (void) LLVMFuzzerTestOneInput(copy, n);

        free(copy);
    }

    free(data);
}


static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}


static int
is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}
