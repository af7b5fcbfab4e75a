/* Gives every file of a folder to a fuzz target once: for compilers without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    /* Exactly as large as the input, so that a sanitizer sees a read past its end. */
    (void)fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    const size_t got = data && size > 0 ? fread(data, 1, (size_t)size, file) : 0;
    (void)fclose(file);
    if (data)
        (void)LLVMFuzzerTestOneInput(data, got);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    if (!folder) {
        printf("no corpus\n");
        return 1;
    }
    int count = LLVMFuzzerTestOneInput((const uint8_t *)"", 0); /* libFuzzer gives no NULL either */
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            count += replay(argv[1], entry->d_name);
    (void)closedir(folder);
    printf("%d inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
