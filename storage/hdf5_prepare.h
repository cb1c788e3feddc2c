/** Setting HDF5 up, for main and for test programs. */
#ifndef STORAGE_HDF5_PREPARE_H
#define STORAGE_HDF5_PREPARE_H

/** Turns HDF5's own printing and its file locks off: the locks fail on many cluster file systems,
 * and what is under a final name is never written again. Call once, before any other use. */
void hdf5_prepare(void);

#endif
