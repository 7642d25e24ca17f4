import Tensors

extension ScriptProgram {
  /// The program in a file that `torch.jit.save` wrote. Verifies the checksums first, since libtorch compares none.
  ///
  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not one of torch's, is damaged or cut short, holds
  ///   weights without a program, or holds a program that this libtorch cannot run.
  public static func read(_ path: String, on device: Device = .cpu) throws -> ScriptProgram {
    let file = try MappedFile(path)
    let expected = "a TorchScript program, as `torch.jit.save` writes it"
    guard ZipArchive.isOne(file) else {
      throw Failure(
        .malformed, at: path, expected: expected, got: "no ZIP archive",
        advice: "Check that the whole file was downloaded, and no page or pointer in its place.")
    }
    let archive = try ZipArchive(file)
    // Other files that torch saves have a data.pkl, too.
    for part in ["data.pkl", "constants.pkl"] where !archive.names.contains(where: { $0.hasSuffix("/\(part)") }) {
      throw Failure(.malformed, at: path, expected: expected, got: "an archive without \(part): weights alone")
    }
    try archive.checkSums()
    do { return try ScriptProgram(path, on: device) } catch let error as TensorError {
      // After the reason, libtorch quotes the program at length.
      let reason = error.reason.split(whereSeparator: \.isNewline).first.map(String.init)
      throw Failure(.malformed, at: path, "libtorch \(Runtime.version) cannot run the program", got: reason)
    }
  }
}
