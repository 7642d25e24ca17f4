import Fewstep
import Files
import Tensors

/// Labeled images in IDX files (MNIST, Fashion-MNIST), gzipped or uncompressed, gray [N, H, W] or color [N, C, H, W].
/// Pixels become -1...1.
public final class IDXImages: DataSource {
  /// The positions of the file that are used: the two halves are data sets without common images.
  public enum Subset: String, Sendable, CaseIterable {
    case all
    case even
    case odd
  }

  public let count: Int
  public let sampleShape: [Int]
  private let images: Tensor
  private let labels: [Int]
  private let device: Device

  /// - Throws: `Failure` if a file is missing or truncated, or the two files' counts differ.
  public init(images path: String, labels labelPath: String, subset: Subset = .all, on device: Device = .cpu) throws {
    let all = try IDXFile.read(path)
    let classes = try IDXFile.read(labelPath).integers()
    guard [3, 4].contains(all.rank), all.dtype == .uint8 else {
      throw Failure(
        .malformed, at: path, expected: "images, uint8[N, H, W] or uint8[N, C, H, W]", got: all.summary)
    }
    guard all.shape[0] == classes.count else {
      throw Failure(
        .malformed, at: labelPath, expected: "\(all.shape[0]) labels, one an image", got: "\(classes.count)")
    }
    let start = subset == .odd ? 1 : 0
    let step = subset == .all ? 1 : 2
    let part = try all.sliced(0, from: start, step: step)
    images = try (part.rank == 3 ? part.unsqueezed(1) : part).contiguous()
    labels = stride(from: start, to: classes.count, by: step).map { classes[$0] }
    count = labels.count
    sampleShape = images.shape.dropFirst().map { $0 }
    self.device = device
  }

  public func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    let pixels = try images.selected(Tensor(positions)).to(device).to(.float32)
    return (try pixels * (1 / 127.5) - 1, try Condition(classes: positions.map { labels[$0] }, on: device))
  }

  public static func register(in catalog: inout Catalog) {
    catalog.data.append(
      Plugin("idx", "Labelled images in IDX files, gzipped or plain (MNIST, Fashion-MNIST), grey or coloured") { s in
        let images = s.path("images", "The file of images.")
        let labels = s.path("labels", "The file of labels.")
        let subset: Subset = s.choice("subset", default: .all, "Which positions count: halves share no image.")
        return { try IDXImages(images: images, labels: labels, subset: subset, on: $0.device) }
      })
  }
}
