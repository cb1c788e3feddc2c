#include "core/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENVIRONMENT_BYTES_MAX = 4 << 20 };

/* Set by main for itself: another node may want other kernels. */
static const char own_variable[] = "OPENBLAS_CORETYPE=";

/* All of a descriptor that knows no size before it is read. */
static char *read_stream(size_t *bytes, int descriptor, size_t bytes_max)
{
    char *text = malloc(bytes_max + 1);
    *bytes = 0;
    for (ssize_t got = 1; text != NULL && got > 0 && *bytes < bytes_max;) {
        got = read(descriptor, text + *bytes, bytes_max - *bytes);
        if (got > 0)
            *bytes += (size_t)got;
    }
    if (text != NULL)
        text[*bytes] = '\0';
    return text;
}

/* "A=1\0B=2\0" as the kernel keeps it; `*variables` points into the text that is returned. */
static char *first_environment(char ***variables)
{
    size_t bytes = 0, count = 0, kept = 0;
    const int file = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    *variables = NULL;
    if (file < 0)
        return NULL;
    char *text = read_stream(&bytes, file, ENVIRONMENT_BYTES_MAX);
    close(file);
    for (size_t b = 0; text != NULL && b < bytes; b++)
        count += text[b] == '\0';
    if (text != NULL)
        *variables = calloc(count + 2, sizeof **variables);
    for (size_t b = 0; *variables != NULL && b < bytes; b += strlen(text + b) + 1)
        if (text[b] != '\0' && strncmp(text + b, own_variable, sizeof own_variable - 1) != 0)
            (*variables)[kept++] = text + b;
    return text;
}

/* What was written to `descriptor`, which is a file in memory. */
static enum status take_text(char **text, int descriptor, const char *program)
{
    struct stat info;
    size_t bytes = 0;
    if (fstat(descriptor, &info) != 0 || lseek(descriptor, 0, SEEK_SET) != 0)
        return status_fail(STATUS_IO, "%s: cannot read what it said: %s", program, strerror(errno));
    if (info.st_size > PROGRAM_TEXT_BYTES_MAX)
        return status_fail(STATUS_INVALID, "%s: said more than can be read", program);
    *text = read_stream(&bytes, descriptor, (size_t)info.st_size);
    return *text == NULL ? status_fail(STATUS_NO_MEMORY, "%s: no memory", program) : STATUS_OK;
}

static enum status start(pid_t *child, char *const argv[], const int texts[2])
{
    char **variables = NULL;
    char *environment = first_environment(&variables);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, texts[0], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, texts[1], STDERR_FILENO);
    const int error =
        variables == NULL ? ENOMEM : posix_spawnp(child, argv[0], &actions, NULL, argv, variables);
    posix_spawn_file_actions_destroy(&actions);
    free(variables);
    free(environment);
    if (error == ENOENT)
        return status_fail(STATUS_NOT_FOUND, "%s: no such program here", argv[0]);
    return error == 0
               ? STATUS_OK
               : status_fail(STATUS_IO, "%s: cannot be started: %s", argv[0], strerror(error));
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum status program_run(struct program_result *out, char *const argv[])
{
    pid_t child = -1;
    int state = 0;
    struct rusage usage = { 0 };
    const double begin_seconds = now_seconds();
    const int texts[2] = { memfd_create("output", MFD_CLOEXEC),
                           memfd_create("errors", MFD_CLOEXEC) };
    *out = (struct program_result){ 0 };
    enum status outcome = STATUS_OK;
    if (texts[0] < 0 || texts[1] < 0)
        outcome = status_fail(STATUS_IO, "%s: no room for what it says", argv[0]);
    if (outcome == STATUS_OK)
        outcome = start(&child, argv, texts);
    while (outcome == STATUS_OK && wait4(child, &state, 0, &usage) < 0)
        if (errno != EINTR)
            outcome = status_fail(STATUS_IO, "%s: %s", argv[0], strerror(errno));
    out->seconds = now_seconds() - begin_seconds;
    out->peak_kib = (uint64_t)usage.ru_maxrss;
    out->exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    if (outcome == STATUS_OK)
        outcome = take_text(&out->output, texts[0], argv[0]);
    if (outcome == STATUS_OK)
        outcome = take_text(&out->errors, texts[1], argv[0]);
    for (size_t t = 0; t < 2; t++)
        if (texts[t] >= 0)
            close(texts[t]);
    if (outcome != STATUS_OK)
        program_end(out);
    return outcome;
}

void program_end(struct program_result *result)
{
    free(result->output);
    free(result->errors);
    *result = (struct program_result){ 0 };
}
