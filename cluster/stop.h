/** Stop requests: SIGTERM, SIGINT and SIGUSR1 ask for an orderly end at once, SIGUSR2 for one when
 * the work in hand is finished, to go on in another turn: what a batch job is asked for before its
 * time limit. The handler only sets a flag; loops look at it between records. */
#ifndef CLUSTER_STOP_H
#define CLUSTER_STOP_H

#include "core/status.h"

#include <stdbool.h>

/** Local. Installs the handlers. A second SIGINT or SIGTERM ends the process at once, as usual. */
void stop_watch(void);

/** Local. True once this process was asked to stop, in either way: nothing new is begun. */
bool stop_requested(void);

/** Local. STATUS_STOPPED, "stopped by a signal", once this process was asked to stop in either way,
 * else STATUS_OK: for the loops of commands that have nothing to go on from. */
enum status stop_check(void);

/** Local. True once it was asked to stop at once: what is in hand is dropped. */
bool stop_is_urgent(void);

/** Local. True once SIGUSR2 came: whoever asked will start the same command again. */
bool stop_is_for_a_turn(void);

#endif
