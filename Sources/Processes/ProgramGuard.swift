import Foundation

/// Ends a process group when this process ends, however it does: a small shell waits for our end of a pipe to close, which
/// even SIGKILL does.
final class ProgramGuard {
  private let shell = Process()
  private let pipe = Pipe()

  /// Gives the group `$1` ten seconds to end by itself: launchers need them for those that they started in other groups.
  private static let script = """
    read _; kill -s TERM -- "-$1"; n=0
    while [ $n -lt 100 ] && kill -s 0 -- "-$1"; do sleep 0.1; n=$((n + 1)); done
    kill -s KILL -- "-$1"
    """

  init(_ group: Int32) throws {
    _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", Self.script, "guard", "\(group)"]
    (shell.standardInput, shell.standardOutput, shell.standardError) = (
      pipe, FileHandle.nullDevice, FileHandle.nullDevice
    )
    try shell.run()
  }

  /// Leaves the group alone from now on.
  func end() {
    kill(shell.processIdentifier, SIGKILL)
    shell.waitUntilExit()
  }
}
