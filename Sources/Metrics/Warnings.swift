/// Warnings for people: what is the same of several things is said once.
public enum Warnings {
  /// "precision; recall: ...".
  ///
  /// - Parameter warnings: of each thing, by its name, what there is to say.
  public static func lines(_ warnings: [(name: String, words: String?)]) -> [String] {
    var names = [(words: String, names: [String])]()
    for case (let name, let words?) in warnings {
      if let place = names.firstIndex(where: { $0.words == words }) {
        names[place].names.append(name)
      } else {
        names.append((words, [name]))
      }
    }
    return names.map { "\($0.names.joined(separator: "; ")): \($0.words)" }
  }
}
