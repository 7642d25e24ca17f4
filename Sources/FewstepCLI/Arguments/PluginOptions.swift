import Tensors

/// `--plugin FILE`, which every command accepts anywhere on the command line.
struct PluginOptions {
  var files = [String]()
  /// The command line without these options.
  var others = [String]()

  /// - Throws: `Failure` if the file's name is missing.
  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument.hasPrefix("--plugin=") {
        files.append(String(argument.dropFirst("--plugin=".count)))
      } else if argument == "--plugin" {
        guard let file = rest.popFirst() else {
          throw Failure(.usage, at: "--plugin", "expected a file made by `fewstep build-plugin`")
        }
        files.append(file)
      } else {
        others.append(argument)
      }
    }
  }
}
