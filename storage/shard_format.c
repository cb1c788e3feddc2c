#include "storage/shard_format.h"

#include <stdio.h>

const char shard_format_name[] = "unitmill shard";

static hid_t half_type(void)
{
    const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

hid_t shard_memory_type(enum column_type type)
{
    switch (type) {
    case COLUMN_U8:
        return H5Tcopy(H5T_NATIVE_UINT8);
    case COLUMN_U16:
        return H5Tcopy(H5T_NATIVE_UINT16);
    case COLUMN_U32:
        return H5Tcopy(H5T_NATIVE_UINT32);
    case COLUMN_U64:
        return H5Tcopy(H5T_NATIVE_UINT64);
    case COLUMN_F16:
        return half_type();
    case COLUMN_F32:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case COLUMN_TEXT:
        break;
    }
    return H5I_INVALID_HID;
}

void shard_offsets_name(char name[SHARD_NAME_BYTES], const char *column)
{
    snprintf(name, SHARD_NAME_BYTES, "%s_offsets", column);
}
