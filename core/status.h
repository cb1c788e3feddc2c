/** Outcomes: what went wrong, as a value that can be returned, logged and sent to other ranks.
 *
 * A function that can fail returns an `enum status`. Larger values are worse, so that the
 * maximum over ranks is the one worth reporting. This header knows nothing of MPI. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_STOPPED, /* a signal asked for an end; what is done is kept, the rest can go on later */
    STATUS_NOT_FOUND, /* a named file, dataset or record is absent */
    STATUS_INVALID,   /* the request makes no sense: bad option, bad plan, bad shape */
    STATUS_CORRUPT,   /* bytes were read, but are not what their header promises */
    STATUS_IO,        /* the file system or HDF5 refused */
    STATUS_NO_MEMORY,
    STATUS_DIVERGED /* ranks reached different steps: a bug in this program */
};

enum { STATUS_TEXT_BYTES = 512 };

/** Records a one-line explanation for this thread and hands `code` back, so that a failure is
 * one statement: `return status_fail(STATUS_NOT_FOUND, "%s: no such shard", path);`
 * The text names the subject and the fact, without "error:". Text beyond STATUS_TEXT_BYTES - 1
 * is cut. `code` must not be STATUS_OK. */
enum status status_fail(enum status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The explanation of the newest failure on this thread. Valid until the next status_fail. */
const char *status_text(void);

/** A short name for a status, for logs: "ok", "not found", ... */
const char *status_name(enum status status);

#endif
