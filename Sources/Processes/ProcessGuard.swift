import Foundation

/// Ends a process group when this process ends, for any reason: a small shell waits until our end of a pipe closes,
/// which happens even after SIGKILL. It starts before the group, and is told which one at once: a group without a guard would
/// outlive a process that is killed meanwhile.
final class ProcessGuard {
  private let shell: pid_t
  private let pipe: PipeEnds

  /// Reads a group. When the pipe closes, sends `$1` to the group, gives it `$2` tenths of a second to end, and kills the rest.
  /// Signal 0 sends nothing.
  private static let script = """
    exec 2> /dev/null
    read group || exit
    read _; kill -s "$1" -- "-$group"; n=0
    while [ $n -lt "$2" ] && kill -s 0 -- "-$group"; do sleep 0.1; n=$((n + 1)); done
    kill -s KILL -- "-$group"
    """

  /// - Parameters:
  ///   - asks: send SIGTERM first. Without it, the group has to notice by itself that its pipes have closed.
  ///   - seconds: the time that the group has to end.
  init(asks: Bool, seconds: Int) throws {
    pipe = try PipeEnds()
    shell = try spawn(
      ["/bin/sh", "-c", Self.script, "guard", asks ? "TERM" : "0", "\(10 * seconds)"], in: "/", input: pipe.reading)
    close(pipe.takeReading())
  }

  /// Guards this group from now on.
  func watch(_ group: pid_t) {
    let line = Array("\(group)\n".utf8)
    // A line of this size is written as a whole. If the shell has died, there is no guard.
    _ = withoutBrokenPipe { write(pipe.writing, line, line.count) }
  }

  /// Stops guarding: leaves the group alone from now on.
  deinit {
    kill(shell, SIGKILL)
    var status: Int32 = 0
    while waitpid(shell, &status, 0) < 0, errno == EINTR {}
  }
}
