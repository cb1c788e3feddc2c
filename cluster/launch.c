#include "cluster/launch.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char terminal_variable[] = "UNITMILL_TERMINAL_COLUMNS";

/* How long mpirun may take to end when its ranks have, and what it then counts as. */
enum { GRACE_SECONDS = 10, STATE_HUNG = -1 };

void launch_again(const char *variable, const char *value, char **argv)
{
    if (getenv(variable) == NULL && setenv(variable, value, 1) == 0)
        execv("/proc/self/exe", argv);
}

bool launch_is_under_launcher(void)
{
    static const char *const variables[] = { "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK" };
    for (size_t v = 0; v < sizeof variables / sizeof variables[0]; v++)
        if (getenv(variables[v]) != NULL)
            return true;
    return false;
}

size_t launch_core_count(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return (size_t)CPU_COUNT(&allowed);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

/* Debian's Open MPI comes with its one-sided operations over plain messages switched off in
 * /etc/openmpi/openmpi-mca-params.conf, which leaves none at all between hosts without InfiniBand:
 * making a window then ends the program. On one host others are preferred as before. */
void launch_prepare(void)
{
    setenv("OMPI_MCA_osc", "^ucx", 0);
}

size_t launch_terminal_columns(void)
{
    const char *seen_by_parent = getenv(terminal_variable);
    if (seen_by_parent != NULL)
        return (size_t)strtoul(seen_by_parent, NULL, 10);
    struct winsize size;
    if (!isatty(STDERR_FILENO) || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col == 0 ? 80 : size.ws_col;
}

/* What mpirun is asked for. Ranks are not bound, since two runs on one machine would then share
 * the first cores; its own advice on exit codes is off, since the ranks say what went wrong. */
static char **compose_command(size_t ranks, char **argv, char self[], char count[])
{
    static char *const fixed[] = { "mpirun", "--quiet", "--oversubscribe", "--bind-to", "none" };
    const size_t fixed_count = sizeof fixed / sizeof fixed[0];
    size_t argument_count = 0;
    while (argv[argument_count] != NULL)
        argument_count++;

    char **command = calloc(fixed_count + argument_count + 8, sizeof *command);
    if (command == NULL)
        return NULL;
    memcpy(command, fixed, sizeof fixed);
    size_t at = fixed_count;
    if (geteuid() == 0)
        command[at++] = "--allow-run-as-root";
    command[at++] = "-n";
    sprintf(count, "%zu", ranks);
    command[at++] = count;
    command[at++] = self;
    memcpy(command + at, argv + 1, (argument_count - 1) * sizeof *command);
    return command;
}

static void become_mpirun(char **command, const sigset_t *mask)
{
    char columns[24];
    sprintf(columns, "%zu", launch_terminal_columns());
    setenv(terminal_variable, columns, 1);
    setpgid(0, 0); /* a terminal's Ctrl-C goes to the parent alone, which passes it on gently */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command[0], command);
    _exit(127);
}

static bool is_running(const char *pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'R'; /* what cannot be read is not taken for dead */
    fclose(file);
    return state != 'Z' && state != 'X';
}

/* Whether a child of the process runs, of any of its threads. Where that is not to be known, as
 * without /proc, it is assumed. `*has_any` is set where there is one that runs or ran. */
static bool has_running_children(bool *has_any, pid_t parent)
{
    char path[384], child[24];
    snprintf(path, sizeof path, "/proc/%ld/task", (long)parent);
    DIR *threads = opendir(path);
    bool is_known = false, found = false;
    for (const struct dirent *thread; threads != NULL && (thread = readdir(threads)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%ld/task/%s/children", (long)parent, thread->d_name);
        FILE *children = thread->d_name[0] == '.' ? NULL : fopen(path, "r");
        is_known |= children != NULL;
        while (children != NULL && !found && fscanf(children, "%23s", child) == 1) {
            found = is_running(child);
            *has_any = true;
        }
        if (children != NULL)
            fclose(children);
    }
    if (threads != NULL)
        closedir(threads);
    return found || !is_known;
}

/* Waits for mpirun and passes signals on. `watched` is blocked, so nothing is missed.
 *
 * Open MPI 4.1.4 with PMIx 4.2 sometimes waits for a lock of its own for ever when a rank was
 * killed and all are gone: mpirun is ended then, and the state is STATE_HUNG. Ranks may be gone
 * within a moment, so until one was seen it is looked for often. */
static int wait_and_forward(pid_t child, const sigset_t *watched)
{
    const struct timespec second = { .tv_sec = 1 }, moment = { .tv_nsec = 50000000 };
    int state = 0, requests = 0, idle_seconds = 0;
    bool had_ranks = false;
    for (;;) {
        const int number = sigtimedwait(watched, NULL, had_ranks ? &second : &moment);
        if (waitpid(child, &state, WNOHANG) == child)
            return idle_seconds > GRACE_SECONDS ? STATE_HUNG : state;
        if (number == SIGINT || number == SIGTERM || number == SIGUSR1)
            kill(child, requests++ == 0 || number == SIGUSR1 ? SIGUSR1 : SIGTERM);
        if (number == SIGUSR2)
            kill(child, SIGUSR2);
        if (number >= 0 || errno != EAGAIN)
            continue;
        const bool has_waited = had_ranks; /* for a second */
        const bool has_ranks = has_running_children(&had_ranks, child);
        idle_seconds = has_waited && !has_ranks ? idle_seconds + 1 : 0;
        if (idle_seconds > GRACE_SECONDS)
            kill(child, SIGKILL);
    }
}

static enum status explain_end(int *exit_code, int state)
{
    *exit_code = 1;
    if (state == STATE_HUNG)
        return status_fail(STATUS_STOPPED,
                           "mpirun did not end with its ranks and was ended; what is written is "
                           "whole, the same command goes on from there");
    *exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    if (*exit_code == 127) {
        *exit_code = 1;
        return status_fail(STATUS_NOT_FOUND, "mpirun: cannot be started; install openmpi-bin or "
                                             "start unitmill under another launcher");
    }
    if (*exit_code > 128) {
        const int number = *exit_code - 128;
        *exit_code = 1;
        return status_fail(STATUS_STOPPED,
                           "a rank was ended by signal %d (%s); what is written is whole, the "
                           "same command goes on from there",
                           number, strsignal(number));
    }
    return STATUS_OK;
}

enum status launch_ranks(int *exit_code, size_t ranks, char **argv)
{
    char self[4096] = "", count[24];
    *exit_code = 1;
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return status_fail(STATUS_IO, "/proc/self/exe: %s", strerror(errno));
    char **command = compose_command(ranks, argv, self, count);
    if (command == NULL)
        return status_fail(STATUS_NO_MEMORY, "mpirun's arguments");

    sigset_t watched, before;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGUSR1);
    sigaddset(&watched, SIGUSR2);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, &before);

    const pid_t child = fork();
    if (child == 0)
        become_mpirun(command, &before);
    enum status outcome = STATUS_OK;
    if (child < 0)
        outcome = status_fail(STATUS_IO, "cannot start mpirun: %s", strerror(errno));
    else
        outcome = explain_end(exit_code, wait_and_forward(child, &watched));
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(command);
    return outcome;
}
