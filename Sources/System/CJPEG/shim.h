// libjpeg-turbo's own interface: libjpeg's reports errors by longjmp, which Swift frames do not survive.
#include <turbojpeg.h>
