// Starts programs with the GNU extensions that Swift's import of the C library lacks.
#pragma once
#include <sys/types.h>

/// Starts `arguments[0]`, which is searched in PATH, in `folder` and in its own process group. It gets only these three
/// descriptors (-1 is /dev/null), and no blocked or ignored signals. Lists end with a null pointer. Returns 0 or an
/// error number.
int cs_spawn(char *const arguments[], char *const environment[], const char *folder, int input, int output, int errors,
             pid_t *process);

/// pipe(2) whose ends are not inherited. Returns 0 or an error number.
int cs_pipe(int ends[2]);
