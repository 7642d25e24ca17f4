#include <png.h>

// The constants of libpng's simplified interface are macros that Swift does not import with the right type. The
// ordinary interface reports errors by longjmp, which must not cross Swift frames.

static inline png_uint_32 cpng_version(void) { return PNG_IMAGE_VERSION; }
static inline png_uint_32 cpng_grey(void) { return PNG_FORMAT_GRAY; }
static inline png_uint_32 cpng_rgb(void) { return PNG_FORMAT_RGB; }
static inline png_uint_32 cpng_rgba(void) { return PNG_FORMAT_RGBA; }
static inline png_uint_32 cpng_color_flag(void) { return PNG_FORMAT_FLAG_COLOR; }
