import Tensors
import Testing

/// What an error says; empty if none is thrown.
package func words(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}

/// Expects a `Failure` of a kind, whose words contain all of the given ones.
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
