import Foundation
import Tensors

/// A child process with pipes to and from it, and its error output as lines.
///
/// It has its own process group, so that Ctrl-C reaches only the parent. The group ends with the parent, however that ends: a
/// small shell waits for the parent's end of a pipe to close, which even SIGKILL causes, and then kills the group.
///
/// No call blocks longer than its deadline, and no write raises SIGPIPE.
final class ChildProcess {
  /// Bytes that it has written and nobody has read yet.
  var incoming = [UInt8]()
  /// The last lines of its error output.
  var lastLines: [String] { log.last }
  /// Whether its output is closed.
  var hasEnded: Bool { output < 0 }

  private var log: LogLines
  private var outgoing = [UInt8]()
  private var sent = 0
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  /// Descriptors of the parent's ends; -1 if closed, which poll(2) skips.
  private var (input, output, errors, guardInput) = (Int32(-1), Int32(-1), Int32(-1), Int32(-1))
  private var process = pid_t(-1)
  private var guardian = pid_t(-1)

  /// Gives the group `$1` two seconds to end, then kills it.
  private static let guardScript = """
    read _; n=0
    while [ $n -lt 20 ] && kill -s 0 -- "-$1" 2> /dev/null; do sleep 0.1; n=$((n + 1)); done
    kill -s KILL -- "-$1" 2> /dev/null
    """

  /// - Parameters:
  ///   - folder: its working directory.
  ///   - environment: variables added to the parent's.
  ///   - note: receives each line of its error output.
  /// - Throws: `Failure` if there is no such program or folder.
  init(_ command: [String], in folder: String, environment: [String: String], note: @escaping (String) -> Void) throws {
    log = LogLines(note)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw Failure.scorer("there is no folder \(folder) to run in")
    }
    let (toIt, fromIt, itsErrors, guarding) = (try PipeEnds(), try PipeEnds(), try PipeEnds(), try PipeEnds())
    process = try spawn(
      command, in: folder, environment: environment, input: toIt.reading, output: fromIt.writing,
      errors: itsErrors.writing)
    let watching = ["/bin/sh", "-c", Self.guardScript, "guard", "\(process)"]
    guardian =
      (try? spawn(watching, in: "/", environment: [:], input: guarding.reading, output: nil, errors: nil)) ?? -1
    (input, output) = (toIt.takeWriting(), fromIt.takeReading())
    (errors, guardInput) = (itsErrors.takeReading(), guarding.takeWriting())
    for descriptor in [input, output, errors] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
  }

  deinit { end() }

  /// Queues bytes; `pump` writes them.
  func send(_ bytes: [UInt8]) {
    outgoing.removeFirst(sent)
    sent = 0
    outgoing += bytes
  }

  /// Reads and writes what is ready, waiting until `deadline` at most.
  func pump(until deadline: ContinuousClock.Instant) {
    let wait = max(.zero, deadline - .now)
    let milliseconds = min(Double(Int32.max), (wait / .milliseconds(1)).rounded(.up))
    var polled = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: sent < outgoing.count ? input : -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&polled, 3, Int32(milliseconds)) > 0 else { return }
    // Read its last lines before its end is noticed.
    if polled[1].revents != 0 { readErrors() }
    if polled[0].revents != 0 { readOutput() }
    if polled[2].revents != 0 { write() }
  }

  /// Closes its input, gives it some time to end, and kills the rest of its group.
  ///
  /// - Returns: how it ended, such as "ended with exit code 1".
  @discardableResult
  func end(within patience: Duration = .seconds(2)) -> String {
    guard process > 0 else { return "has ended" }
    Self.close(&input)
    let deadline = ContinuousClock.now + patience
    while !isDead, .now < deadline {
      pump(until: min(deadline, .now + .milliseconds(20)))
      incoming.removeAll()
    }
    let wasAlive = !isDead
    // Its number cannot be reused yet: it has not been waited for.
    kill(-process, SIGKILL)
    if guardian > 0 {
      kill(guardian, SIGKILL)
      _ = Self.status(of: guardian)
    }
    let status = Self.status(of: process)
    process = -1
    readErrors()
    log.end()
    Self.close(&output)
    Self.close(&errors)
    Self.close(&guardInput)
    guard let status, !wasAlive else { return "had to be killed" }
    return status & 0x7f == 0 ? "ended with exit code \(status >> 8 & 0xff)" : "was ended by signal \(status & 0x7f)"
  }

  /// Whether it has ended. Does not reap it.
  private var isDead: Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo == SIGCHLD
  }

  /// The exit status; nil if the process does not end in five seconds, as one that waits for a device.
  private static func status(of process: pid_t) -> Int32? {
    var status: Int32 = 0
    for _ in 0..<500 {
      switch waitpid(process, &status, WNOHANG) {
      case process: return status
      case 0: usleep(10_000)
      default: return nil
      }
    }
    return nil
  }

  private static func close(_ descriptor: inout Int32) {
    if descriptor >= 0 { Foundation.close(descriptor) }
    descriptor = -1
  }

  // MARK: The pipes

  private func readOutput() {
    let count = read(output, &chunk, chunk.count)
    if count > 0 {
      incoming += chunk[..<count]
    } else if count == 0 || errno != EAGAIN && errno != EINTR {
      Self.close(&output)
    }
  }

  private func readErrors() {
    guard errors >= 0 else { return }
    let count = read(errors, &chunk, chunk.count)
    if count > 0 {
      log.add(chunk[..<count])
    } else if count == 0 || errno != EAGAIN && errno != EINTR {
      Self.close(&errors)
    }
  }

  private func write() {
    let count = outgoing.withUnsafeBytes { bytes in
      withoutBrokenPipe { Foundation.write(input, bytes.baseAddress! + sent, min(bytes.count - sent, 1 << 20)) }
    }
    if count >= 0 {
      sent += count
    } else if errno != EAGAIN && errno != EINTR {
      // The other pipes will show why it stopped reading.
      Self.close(&input)
      (outgoing, sent) = ([], 0)
    }
  }
}
