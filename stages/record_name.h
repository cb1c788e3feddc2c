/** File names for records, whose ids may hold anything. */
#ifndef STAGES_RECORD_NAME_H
#define STAGES_RECORD_NAME_H

enum { RECORD_NAME_BYTES = 96 };

/** The id as a file name: letters, digits, '.', '_' and '-' are kept, others become '_', and a
 * digest then keeps ids apart. Local; cannot fail. */
void record_name(char name[RECORD_NAME_BYTES], const char *id);

#endif
