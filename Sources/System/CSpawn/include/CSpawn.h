// Starting programs with the GNU extensions that Swift's import of the C library leaves out.
#pragma once
#include <sys/types.h>

/// Starts `arguments[0]`, looked for in PATH, in `folder` and in a process group of its own, with no descriptors but these
/// three (-1 is /dev/null), no blocked signals and none ignored. Lists end with a null pointer. Returns 0 or an error number.
int cs_spawn(char *const arguments[], char *const environment[], const char *folder, int input, int output, int errors,
             pid_t *process);

/// pipe(2) whose ends are not inherited. Returns 0 or an error number.
int cs_pipe(int ends[2]);
