// libjpeg-turbo's own interface: libjpeg's reports errors by longjmp, which must not cross Swift frames.
#include <turbojpeg.h>
