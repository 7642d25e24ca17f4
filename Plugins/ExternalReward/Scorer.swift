import Files
import Processes
import Tensors

/// An external scorer, connected by pipes. `init` starts it. If it crashes, it is restarted and pending requests are
/// resent. After an error it is stopped, and the next request starts it again.
final class Scorer {
  struct Settings {
    var command: [String]
    /// Its working directory.
    var folder: String
    /// Variables added to this process's environment.
    var environment: [String: String] = [:]
    /// The longest time from its start to its hello.
    var startTimeout: Duration = .seconds(600)
    /// The longest time without an answer while requests are pending.
    var timeout: Duration = .seconds(120)
    /// Restarts after crashes; the count starts over with every answer.
    var restarts = 2
    /// Requests that may be pending at once.
    var ahead = 2
    /// The seed of its random numbers, if it uses any.
    var seed = 0
  }

  let greeting: Greeting
  private let settings: Settings
  private let note: (String) -> Void
  private var child: ChildProcess?
  private var lastID = 0

  /// The variable with which a program's "cuda" is this process's GPU: each of several processes has a scorer of its own.
  ///
  /// - Parameter environment: this process's, which may show some of the machine's GPUs alone.
  static func visibleDevices(_ device: Device, _ environment: [String: String]) -> [String: String] {
    let name = "CUDA_VISIBLE_DEVICES"
    guard case .cuda(let index) = device else { return [:] }
    guard let shown = environment[name] else { return [name: "\(index)"] }
    let names = shown.split(separator: ",").map(String.init)
    return names.indices.contains(index) ? [name: names[index]] : [:]
  }

  /// - Parameter note: receives the lines that the scorer writes to standard error.
  /// - Throws: `Failure` if it does not answer `hello` according to the protocol.
  init(_ settings: Settings, note: @escaping (String) -> Void) throws {
    (self.settings, self.note) = (settings, note)
    (child, greeting) = try Self.started(settings, note)
  }

  /// Sends `count` requests, several of them before the first answer. Each is made just before it is sent.
  ///
  /// - Throws: `Failure`, and the errors of `request`.
  func answers(_ count: Int, _ request: (Int) throws -> Request) throws -> [Answer] {
    do { return try exchange(count, request) } catch {
      child?.end(within: .zero)
      child = nil
      throw error
    }
  }

  private func exchange(_ count: Int, _ request: (Int) throws -> Request) throws -> [Answer] {
    var answers = [Answer?](repeating: nil, count: count)
    var waiting = [(id: Int, index: Int, request: Request)]()
    var (asked, answered, crashes) = (0, 0, 0)
    var child = try running()
    var deadline = ContinuousClock.now + settings.timeout
    while answered < count {
      while asked < count, waiting.count < settings.ahead {
        lastID += 1
        waiting.append((lastID, asked, try request(asked)))
        try child.send(waiting.last!.request.message(lastID).bytes())
        asked += 1
      }
      child.pump(until: deadline)
      let limit = waiting.map { $0.request.answerLimit(axes: greeting.axes.count) }.max() ?? 0
      while let message = try Message.take(from: &child.incoming, payload: limit) {
        let place = try place(of: message, among: waiting.map(\.id))
        answers[waiting[place].index] = try waiting[place].request.answer(message, axes: greeting.axes)
        waiting.remove(at: place)
        (answered, crashes) = (answered + 1, 0)
        deadline = .now + settings.timeout
      }
      if answered < count, child.hasEnded {
        crashes += 1
        child = try again(after: child, crashes)
        for (id, _, request) in waiting { try child.send(request.message(id).bytes()) }
        deadline = .now + settings.timeout
      } else if .now >= deadline, answered < count {
        throw Self.error("gave no answer for \(settings.timeout.seconds) (`timeout`), and was killed", child)
      }
    }
    return answers.compactMap(\.self)
  }

  /// The index of the pending request that the message answers.
  private func place(of message: Message, among ids: [Int]) throws -> Int {
    switch message.type {
    case "scores":
      guard let id = message.header["id"]?.integer, let place = ids.firstIndex(of: id) else {
        throw Failure.scorer("it answered request \(message.header["id"] ?? .null); pending are \(ids)")
      }
      return place
    case "error": throw Failure.scorer("it reports: \(message.header["message"]?.string ?? "nothing")")
    default: throw Failure.scorer("expected 'scores' or 'error', got '\(message.type)'")
    }
  }

  // MARK: Starting and restarting

  private func running() throws -> ChildProcess {
    if let child { return child }
    return try restarted()
  }

  private func again(after child: ChildProcess, _ crashes: Int) throws -> ChildProcess {
    let ending = child.end()
    guard crashes <= settings.restarts else {
      let times = crashes == 1 ? "" : ", the last of \(crashes) times in a row"
      throw Self.error("\(ending) before it answered\(times)", child)
    }
    note("\(ending); restarted (\(crashes) of \(settings.restarts))")
    return try restarted()
  }

  private func restarted() throws -> ChildProcess {
    let (child, greeting) = try Self.started(settings, note)
    self.child = child
    guard greeting == self.greeting else {
      throw Failure.scorer(
        "it restarted as another scorer: \(greeting.description); it was \(self.greeting.description)")
    }
    return child
  }

  private static func started(_ settings: Settings, _ note: @escaping (String) -> Void) throws -> (
    ChildProcess, Greeting
  ) {
    let child = try ChildProcess(
      settings.command, in: settings.folder, environment: settings.environment, note: note)
    do {
      let hello: [String: JSONValue] = [
        "type": "hello", "protocol": .integer(Greeting.protocolVersion), "seed": .integer(settings.seed),
      ]
      try child.send(Message(header: hello).bytes())
      let deadline = ContinuousClock.now + settings.startTimeout
      while true {
        child.pump(until: deadline)
        if let message = try Message.take(from: &child.incoming, payload: 0) {
          if message.type == "error" {
            throw Failure.scorer("it cannot start: \(message.header["message"]?.string ?? "no reason given")")
          }
          return (child, try Greeting(message))
        }
        if child.hasEnded { throw error("\(child.end()) before it said hello", child) }
        if .now >= deadline {
          throw error("did not say hello for \(settings.startTimeout.seconds) (`start-timeout`), and was killed", child)
        }
      }
    } catch {
      child.end(within: .zero)
      throw error
    }
  }

  private static func error(_ problem: String, _ child: ChildProcess) -> Failure {
    child.end(within: .zero)
    let last = child.lastLines.map { "\n    \($0)" }.joined()
    return Failure.scorer("it \(problem)" + (last.isEmpty ? "; it wrote no error output" : "; its last lines:\(last)"))
  }
}

extension Duration {
  /// "120 s"
  fileprivate var seconds: String { "\((self / .seconds(1)).formatted(.number.precision(.fractionLength(0...2)))) s" }
}
