import Foundation
import Tensors

/// A command with pipes to and from it, and its error output as lines. It ends with this process, however that ends.
///
/// No call blocks for longer than its deadline, and no write raises SIGPIPE.
public final class ChildProcess {
  /// Output of the command that has not been consumed yet.
  public var incoming = [UInt8]()
  /// The last lines of its error output.
  public var lastLines: [String] { log.last }
  /// Whether it has closed its output, by ending or otherwise.
  public var hasEnded: Bool { output < 0 }

  private var log: LogLines
  private var outgoing = [UInt8]()
  private var sent = 0
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  /// Descriptors of our ends; -1 if closed, which poll(2) skips.
  private var (input, output, errors) = (Int32(-1), Int32(-1), Int32(-1))
  private var process: RunningProcess?
  private var guardian: ProcessGuard?

  /// - Parameters:
  ///   - folder: its working folder.
  ///   - environment: added to this process's.
  ///   - note: called with each line of its error output.
  /// - Throws: `Failure` if there is no such program or folder.
  public init(
    _ command: [String], in folder: String, environment: [String: String], note: @escaping (String) -> Void
  ) throws {
    log = LogLines(note)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw Failure(.missing, at: folder, "there is no such folder")
    }
    let (toIt, fromIt, itsErrors) = (try PipeEnds(), try PipeEnds(), try PipeEnds())
    // The child notices that its input closes.
    guardian = try? ProcessGuard(asks: false, seconds: 2)
    let started = RunningProcess(
      try spawn(
        command, in: folder, environment: environment, input: toIt.reading, output: fromIt.writing,
        errors: itsErrors.writing))
    process = started
    guardian?.watch(started.id)
    (input, output, errors) = (toIt.takeWriting(), fromIt.takeReading(), itsErrors.takeReading())
    for descriptor in [input, output, errors] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
  }

  deinit { end() }

  /// Queues bytes; `pump` writes them.
  public func send(_ bytes: [UInt8]) {
    outgoing.removeFirst(sent)
    sent = 0
    outgoing += bytes
  }

  /// Reads and writes as much as possible, and waits until `deadline` at most.
  public func pump(until deadline: ContinuousClock.Instant) {
    let wait = max(.zero, deadline - .now)
    let milliseconds = min(Double(Int32.max), (wait / .milliseconds(1)).rounded(.up))
    var polled = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: sent < outgoing.count ? input : -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&polled, 3, Int32(milliseconds)) > 0 else { return }
    // Its last error output is read before its end is noticed.
    if polled[1].revents != 0 { readErrors() }
    if polled[0].revents != 0 { readOutput() }
    if polled[2].revents != 0 { write() }
  }

  /// Closes its input, gives it some time to end, and kills the rest of its process group.
  ///
  /// - Returns: a description of its end, such as "ended with exit code 1".
  @discardableResult
  public func end(within patience: Duration = .seconds(2)) -> String {
    guard let process else { return "has ended" }
    Self.close(&input)
    let deadline = ContinuousClock.now + patience
    while process.isRunning, .now < deadline {
      pump(until: min(deadline, .now + .milliseconds(20)))
      incoming.removeAll()
    }
    let wasAlive = process.isRunning
    process.sendToGroup(SIGKILL)
    guardian = nil
    let ending = process.wait(seconds: 5)
    self.process = nil
    readErrors()
    log.end()
    Self.close(&output)
    Self.close(&errors)
    switch ending {
    case .exit(let code) where !wasAlive: return "ended with exit code \(code)"
    case .signal(let number) where !wasAlive: return "was ended by signal \(number)"
    default: return "had to be killed"
    }
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
      // The reason why it no longer reads will show on its other pipes.
      Self.close(&input)
      (outgoing, sent) = ([], 0)
    }
  }
}
