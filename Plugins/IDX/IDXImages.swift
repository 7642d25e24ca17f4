import Fewstep
import Files
import Tensors

/// Labeled images in IDX files (MNIST, Fashion-MNIST), gzipped or uncompressed, gray [N, H, W] or color [N, C, H, W], or videos
/// [N, C, F, H, W]. Pixels become -1...1.
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
  private let downsample: Int
  private let device: Device

  /// - Parameter downsample: the side of the squares of pixels that are averaged into one.
  /// - Throws: `Failure` if a file is missing or truncated, the two files' counts differ, or the images do not divide into
  ///   such squares.
  public init(
    images path: String, labels labelPath: String, subset: Subset = .all, downsample: Int = 1, on device: Device = .cpu
  ) throws {
    let all = try IDXFile.read(path)
    let classes = try IDXFile.read(labelPath).integers()
    guard 3...5 ~= all.rank, all.dtype == .uint8 else {
      throw Failure(
        .malformed, at: path,
        expected: "images, uint8[N, H, W] or uint8[N, C, H, W], or videos, uint8[N, C, F, H, W]", got: all.summary)
    }
    guard all.shape[0] == classes.count else {
      throw Failure(
        .malformed, at: labelPath, expected: "\(all.shape[0]) labels, one an image", got: "\(classes.count)")
    }
    guard all.shape.suffix(2).allSatisfy({ $0.isMultiple(of: downsample) }) else {
      throw Failure(
        .malformed, at: path, expected: "height and width that are multiples of \(downsample) (downsample)",
        got: "\(all.shape.suffix(2))")
    }
    let start = subset == .odd ? 1 : 0
    let step = subset == .all ? 1 : 2
    let part = try all.sliced(0, from: start, step: step)
    images = try (part.rank == 3 ? part.unsqueezed(1) : part).contiguous()
    labels = stride(from: start, to: classes.count, by: step).map { classes[$0] }
    count = labels.count
    sampleShape = images.shape[1...].dropLast(2) + images.shape.suffix(2).map { $0 / downsample }
    self.downsample = downsample
    self.device = device
  }

  public func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    var pixels = try images.selected(Tensor(positions)).to(device).to(.float32)
    if downsample > 1 {
      let (h, w) = (sampleShape[sampleShape.count - 2], sampleShape[sampleShape.count - 1])
      let blocks = try pixels.reshaped([positions.count] + sampleShape.dropLast(2) + [h, downsample, w, downsample])
      pixels = try blocks.mean([blocks.rank - 3, blocks.rank - 1])
    }
    return (try pixels * (1 / 127.5) - 1, try Condition(classes: positions.map { labels[$0] }, on: device))
  }

  public static func register(in catalog: inout Catalog) {
    catalog.data.append(
      Plugin("idx", "Labelled images or videos in IDX files, gzipped or plain (MNIST, Fashion-MNIST), grey or coloured")
      { s in
        let images = s.path("images", "The file of images.")
        let labels = s.path("labels", "The file of labels.")
        let subset: Subset = s.choice("subset", default: .all, "Which positions count: halves share no image.")
        let downsample = s.integer(
          "downsample", default: 1, in: .closed(1, 64), "Side of the squares of pixels that are averaged into one.")
        return {
          try IDXImages(images: images, labels: labels, subset: subset, downsample: downsample, on: $0.device)
        }
      })
  }
}
