import Tensors

/// What a CLIP model cannot be made of, or asked for.
public struct CLIPError: ExitCoded, CustomStringConvertible {
  public var exitCode: Int32 { Failure.Kind.malformed.rawValue }
  public let description: String
  public init(_ description: String) { self.description = description }
}
