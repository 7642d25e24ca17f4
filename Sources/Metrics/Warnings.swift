/// Warnings for the user; equal warnings of several values are merged.
public enum Warnings {
  /// "precision; recall: ...".
  ///
  /// - Parameter warnings: the warning of each value, by the value's name; nil for none.
  public static func lines(_ warnings: [(name: String, message: String?)]) -> [String] {
    var names = [(message: String, names: [String])]()
    for case (let name, let message?) in warnings {
      if let place = names.firstIndex(where: { $0.message == message }) {
        names[place].names.append(name)
      } else {
        names.append((message, [name]))
      }
    }
    return names.map { "\($0.names.joined(separator: "; ")): \($0.message)" }
  }
}
