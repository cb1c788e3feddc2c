/** Stop requests: SIGTERM, SIGINT and SIGUSR1 ask for an orderly end. The handler only sets a flag;
 * loops look at it between records. */
#ifndef CLUSTER_STOP_H
#define CLUSTER_STOP_H

#include <stdbool.h>

/** Local. Installs the handlers. A second SIGINT or SIGTERM ends the process at once, as usual. */
void stop_watch(void);

/** Local. True once this process was asked to stop. */
bool stop_requested(void);

#endif
