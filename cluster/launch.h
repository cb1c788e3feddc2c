/** Launching: one command on one machine becomes several ranks.
 *
 * Started without a launcher, unitmill starts itself under mpirun and stays as its parent, to pass
 * requests for an orderly end on: mpirun itself would kill the ranks a second after SIGTERM. */
#ifndef CLUSTER_LAUNCH_H
#define CLUSTER_LAUNCH_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

/** Local. True where mpirun or srun started this process. */
bool launch_is_under_launcher(void);

/** Local. Cores that this process may use. */
size_t launch_core_count(void);

/** Local. Columns of the terminal that progress goes to; 0 where standard error is none. Under our
 * own mpirun this is what the parent saw. */
size_t launch_terminal_columns(void);

/** Local. Starts this very program again in this process, with the same arguments and one variable
 * of the environment set. Returns only where that fails, or where it was done before. Call before
 * anything else happens. */
void launch_again(const char *variable, const char *value, char **argv);

/** Local. Chooses parts of MPI that work between hosts as well as on one. Call before MPI begins;
 * what the user chose by environment (OMPI_MCA_osc) stays. */
void launch_prepare(void);

/** Local. Runs this very program, with the same arguments, on `ranks` ranks under mpirun and waits.
 * SIGINT and SIGTERM reach the ranks as SIGUSR1 once; a second one ends mpirun. SIGUSR2 reaches
 * them as it is. If this process is killed, mpirun is told to end too. An mpirun that outlives its
 * ranks by more than ten seconds is ended.
 *
 * `*exit_code` is that of the ranks; 1 where a rank was killed, with the signal in the text, and
 * where nothing could be started or how the ranks ended is not known. Errors: STATUS_NOT_FOUND (no
 * mpirun), STATUS_IO. */
enum status launch_ranks(int *exit_code, size_t ranks, char **argv);

#endif
