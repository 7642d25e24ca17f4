/// What a CLIP model cannot be made of, or asked for.
public struct CLIPError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
