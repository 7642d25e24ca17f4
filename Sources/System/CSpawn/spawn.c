#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int cs_spawn(char *const arguments[], char *const environment[], const char *folder, int input, int output, int errors,
             pid_t *process) {
  posix_spawn_file_actions_t actions;
  int status = posix_spawn_file_actions_init(&actions);
  if (status) return status;
  const int given[3] = {input, output, errors};
  for (int place = 0; place < 3 && !status; place++) {
    status = given[place] < 0 ? posix_spawn_file_actions_addopen(&actions, place, "/dev/null", O_RDWR, 0)
                              : posix_spawn_file_actions_adddup2(&actions, given[place], place);
  }
  if (!status) status = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!status) status = posix_spawn_file_actions_addchdir_np(&actions, folder);

  posix_spawnattr_t attributes;
  if (!status && !(status = posix_spawnattr_init(&attributes))) {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD, SIGXFSZ};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&usual, signals[i]);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    status = posix_spawnp(process, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return status;
}

int cs_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) ? errno : 0; }
