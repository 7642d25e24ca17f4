/// Hears about the parts of a step.
public protocol SpanListener: AnyObject, Sendable {
  func begin(_ span: Span)
  func end(_ span: Span)
}

/// A part of training whose time and memory are worth knowing. Spans nest.
public enum Span: String, CaseIterable, Codable, Sendable {
  /// One step, from its random choices to its report.
  case step
  case studentUpdate = "student's update"
  case fakeTeacherUpdate = "fake teacher's updates"
  /// The student's passes that make samples.
  case student
  case teacher
  /// The teacher without the condition, if it is asked apart.
  case unconditional = "teacher without condition"
  case fakeTeacher = "fake teacher"
  case discriminator
  case reward
  case backward
  case optimizer
  case communication
  case data
  case checkpoint
  case validation

  @TaskLocal fileprivate static var listener: (any SpanListener)?

  /// Runs `body`, whose spans `listener` hears about. Synchronous only.
  public static func heard<R>(by listener: any SpanListener, _ body: () throws -> R) rethrows -> R {
    try $listener.withValue(listener) { try body() }
  }
}

/// Runs `body` as a part of training. Costs nothing if no one listens.
public func span<R>(_ span: Span, _ body: () throws -> R) rethrows -> R {
  guard let listener = Span.listener else { return try body() }
  listener.begin(span)
  defer { listener.end(span) }
  return try body()
}
