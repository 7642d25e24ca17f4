#include <hdf5.h>

// HDF5's types, flags and property-list classes are macros over globals that are set when the library opens. Swift does
// not import them, so each has a getter here.

static inline hid_t chdf5_type_float64(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_type_float32(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_type_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_type_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_type_int16(void) { return H5T_NATIVE_INT16; }
static inline hid_t chdf5_type_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t chdf5_type_uint16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t chdf5_type_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_type_float32_le(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_type_c_string(void) { return H5T_C_S1; }

static inline size_t chdf5_variable_length(void) { return H5T_VARIABLE; }

static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_whole_space(void) { return H5S_ALL; }
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }

static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned chdf5_swmr_read(void) { return H5F_ACC_SWMR_READ; }

static inline H5F_libver_t chdf5_latest_format(void) { return H5F_LIBVER_LATEST; }

// At exit the library would try again to write the data that did not fit on a full disk, and would crash.
static inline int chdf5_open_library(void) {
  H5dont_atexit();
  return H5open();
}
static inline int chdf5_silence(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }
static inline int chdf5_walk_errors(H5E_walk2_t visit, void *context) {
  return H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, context);
}
