/* Files of the examples: read whole, and written whole. A password manager has its vault instead. */

#ifndef CREDEX_EXAMPLES_FILES_H
#define CREDEX_EXAMPLES_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads a whole file into memory that is to be freed; NULL if that cannot be done. */
static inline uint8_t *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size = -1;

    if (file == NULL)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)size + 1);
    if (bytes != NULL && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        bytes = NULL;
    }
    *len = (size_t)size;
    fclose(file);
    return bytes;
}

/* Overwrites secrets before their memory goes to others. */
static inline void wipe(uint8_t *bytes, size_t len)
{
    volatile uint8_t *at = bytes;

    while (len-- > 0)
        *at++ = 0;
    free(bytes);
}

static inline bool write_file(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    bool written;

    if (file == NULL)
        return false;
    written = fwrite(bytes, 1, len, file) == len;
    return fclose(file) == 0 && written;
}

/* What somebody else sends as an id is no file name until it was looked at. */
static inline bool is_base64url(const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    return *id != '\0' && strspn(id, letters) == strlen(id);
}

#endif
