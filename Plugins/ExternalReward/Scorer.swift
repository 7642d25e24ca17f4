import Files
import Processes
import Tensors

/// A scorer at the other end of pipes. It is started when it is made; one that crashes is started anew, and asked again what
/// it has not answered. After an error it is ended, and started by the next request.
final class Scorer {
  struct Settings {
    var command: [String]
    /// Where it runs.
    var folder: String
    /// What is added to our environment.
    var environment: [String: String] = [:]
    /// From its start to its hello.
    var startTimeout: Duration = .seconds(600)
    /// Without an answer while a request is under way.
    var timeout: Duration = .seconds(120)
    /// New starts after crashes, until something is answered.
    var restarts = 2
    /// Requests that may be under way at once.
    var ahead = 2
    /// For its random numbers, if it has any.
    var seed = 0
  }

  let greeting: Greeting
  private let settings: Settings
  private let note: (String) -> Void
  private var child: ChildProcess?
  private var lastID = 0

  /// - Parameter note: is told what the scorer writes to its error output, line by line.
  /// - Throws: `Failure` where it does not greet as the protocol has it.
  init(_ settings: Settings, note: @escaping (String) -> Void) throws {
    (self.settings, self.note) = (settings, note)
    (child, greeting) = try Self.started(settings, note)
  }

  /// Asks `count` requests, several of them under way at once. Each is made when it is due.
  ///
  /// - Throws: `Failure`, and what `request` throws.
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
        throw Self.error("gave no answer for \(settings.timeout.words) (`timeout`), and was killed", child)
      }
    }
    return answers.compactMap(\.self)
  }

  /// Which of the requests under way is answered.
  private func place(of message: Message, among ids: [Int]) throws -> Int {
    switch message.type {
    case "scores":
      guard let id = message.header["id"]?.integer, let place = ids.firstIndex(of: id) else {
        throw Failure.scorer("it answered request \(message.header["id"] ?? .null); under way are \(ids)")
      }
      return place
    case "error": throw Failure.scorer("it says: \(message.header["message"]?.string ?? "nothing")")
    default: throw Failure.scorer("it sent '\(message.type)'; expected 'scores' or 'error'")
    }
  }

  // MARK: Its life

  private func running() throws -> ChildProcess {
    if let child { return child }
    return try restarted()
  }

  private func again(after child: ChildProcess, _ crashes: Int) throws -> ChildProcess {
    let ending = child.end()
    guard crashes <= settings.restarts else {
      let times = crashes == 1 ? "" : ", the last of \(crashes) times in a row"
      throw Self.error("\(ending) in the middle of its work\(times)", child)
    }
    note("\(ending); started anew (\(crashes) of \(settings.restarts))")
    return try restarted()
  }

  private func restarted() throws -> ChildProcess {
    let (child, greeting) = try Self.started(settings, note)
    self.child = child
    guard greeting == self.greeting else {
      throw Failure.scorer("it came back as \(greeting.description); it was \(self.greeting.description)")
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
            throw Failure.scorer("it cannot start: \(message.header["message"]?.string ?? "it does not say why")")
          }
          return (child, try Greeting(message))
        }
        if child.hasEnded { throw error("\(child.end()) before it said hello", child) }
        if .now >= deadline {
          throw error("did not say hello for \(settings.startTimeout.words) (`start-timeout`), and was killed", child)
        }
      }
    } catch {
      child.end(within: .zero)
      throw error
    }
  }

  private static func error(_ words: String, _ child: ChildProcess) -> Failure {
    child.end(within: .zero)
    let last = child.lastLines.map { "\n    \($0)" }.joined()
    return Failure.scorer("it \(words)" + (last.isEmpty ? "; it wrote no error output" : "; its last words:\(last)"))
  }
}

extension Duration {
  /// "120 s"
  fileprivate var words: String { "\((self / .seconds(1)).formatted(.number.precision(.fractionLength(0...2)))) s" }
}
