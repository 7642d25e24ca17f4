import Foundation

/// Ends a process group when this process ends, for any reason: a small shell waits until our end of a pipe closes,
/// which happens even after SIGKILL.
final class ProcessGuard {
  private let shell: pid_t
  private let pipe: PipeEnds

  /// Sends `$2` to the group `$1`, gives it `$3` tenths of a second to end, and kills the rest. Signal 0 sends nothing.
  private static let script = """
    exec 2> /dev/null
    read _; kill -s "$2" -- "-$1"; n=0
    while [ $n -lt "$3" ] && kill -s 0 -- "-$1"; do sleep 0.1; n=$((n + 1)); done
    kill -s KILL -- "-$1"
    """

  /// - Parameters:
  ///   - asks: send SIGTERM first. Without it, the group has to notice by itself that its pipes have closed.
  ///   - seconds: the time that the group has to end.
  init(_ group: pid_t, asks: Bool, seconds: Int) throws {
    pipe = try PipeEnds()
    shell = try spawn(
      ["/bin/sh", "-c", Self.script, "guard", "\(group)", asks ? "TERM" : "0", "\(10 * seconds)"], in: "/",
      input: pipe.reading)
    close(pipe.takeReading())
  }

  /// Stops guarding: leaves the group alone from now on.
  deinit {
    kill(shell, SIGKILL)
    var status: Int32 = 0
    while waitpid(shell, &status, 0) < 0, errno == EINTR {}
  }
}
