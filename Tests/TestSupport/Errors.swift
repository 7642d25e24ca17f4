import Tensors
import Testing

/// The message of the error that `body` throws; empty if it throws none.
package func words(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}

/// Expects a `Failure` of this kind whose message contains all of the given words.
package func expectError(
  _ kind: Failure.Kind, _ words: String..., location: SourceLocation = #_sourceLocation,
  from body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error was thrown", sourceLocation: location)
  } catch let error as Failure {
    #expect(error.kind == kind, "\(error)", sourceLocation: location)
    for word in words { #expect(error.description.contains(word), "\(error)", sourceLocation: location) }
  } catch {
    Issue.record("not a Failure: \(error)", sourceLocation: location)
  }
}
