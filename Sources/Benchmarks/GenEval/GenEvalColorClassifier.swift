import Encoders
import Evaluation
import Media
import Tensors

/// Determines an object's color with a CLIP model: the color whose texts are nearest to the object's crop.
///
/// The reference uses OpenAI's ViT-L/14 in mixed precision on a GPU, so near ties may be decided differently.
public final class GenEvalColorClassifier {
  /// The place in a failure that does not know the image's path.
  static let place = "image"
  /// The gray that replaces the background, if there is a mask: #999.
  private static let background = 0x99

  private let model: CLIPModel
  private let tokenizer: CLIPTokenizer
  private let processing: CLIPImageProcessing
  private let device: Device
  private var classifiers = [String: Tensor]()

  /// - Parameters:
  ///   - folder: the CLIP model's folder, in transformers' or open_clip's layout.
  ///   - tokenizer: its tokenizer's folder, in transformers' layout.
  /// - Throws: `Failure` if a folder does not hold what it should.
  public init(_ folder: String, tokenizer: String, precision: DType = .float32, on device: Device = .cpu) throws {
    let folder = try CLIPFolder(folder)
    model = try folder.model(precision, on: device)
    self.tokenizer = try CLIPTokenizer(tokenizer)
    let text = model.configuration.text
    guard self.tokenizer.largestID < text.vocabulary, self.tokenizer.length <= text.positions else {
      throw Failure(
        .malformed, at: tokenizer, "the tokenizer is not the model's",
        expected: "ids below \(text.vocabulary), at most \(text.positions) of them",
        got: "ids up to \(self.tokenizer.largestID), \(self.tokenizer.length) of them")
    }
    var processing = folder.processing
    processing.fit = .torchvisionCrop
    self.processing = processing
    self.device = device
  }

  /// Everything that the colors depend on besides the image.
  public func fingerprint() throws -> Fingerprint {
    ["weights": try model.digest(), "tokenizer": tokenizer.digest]
  }

  /// The colors of an image's objects, all of one class.
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  /// - Throws: `Failure` if a box holds no pixel, or a mask has another size than the image.
  public func colors(_ image: Tensor, _ objects: [GenEvalObject]) throws -> [GenEvalColor] {
    try logits(image, objects).argmax(1).integers().map { GenEvalColor.allCases[$0] }
  }

  /// 100 times the cosine of each object with each color's text embedding: float32 [objects, 10].
  func logits(_ image: Tensor, _ objects: [GenEvalObject]) throws -> Tensor {
    guard let name = objects.first?.className else { return try .zeros([0, GenEvalColor.allCases.count]) }
    let crops = try objects.map { try processing(image: crop(image, $0)) }
    return try noGrad {
      let embedded = try model.embeddings(pixels: stacked(crops).to(device))
      return try matmul(embedded, classifier(of: name).transposed(0, 1)).to(.cpu) * 100
    }
  }

  /// The mean of three text embeddings for each color, of length 1: float32 [10, P].
  func classifier(of name: String) throws -> Tensor {
    if let known = classifiers[name] { return known }
    let made = try noGrad {
      try stacked(
        try GenEvalColor.allCases.map { color in
          let texts = [
            "a photo of a \(color) \(name)", "a photo of a \(color)-colored \(name)", "a photo of a \(color) object",
          ]
          let mean = try model.embeddings(tokens: tokenizer.encode(texts).ids.to(device)).mean([0])
          return try mean / mean.norm([0], keeping: true)
        })
    }
    classifiers[name] = made
    return made
  }

  /// The pixels in a box, with edges rounded to even like Pillow's `crop`, and black outside the image.
  private func crop(_ image: Tensor, _ object: GenEvalObject) throws -> Tensor {
    let (height, width) = (image.shape[1], image.shape[2])
    func edge(_ x: Float) -> Int { Int(x.rounded(.toNearestOrEven)) }
    let (left, right) = (edge(object.box.left), edge(object.box.right))
    let (top, bottom) = (edge(object.box.top), edge(object.box.bottom))
    let (columns, rows) = (
      max(left, 0)..<max(min(right, width), max(left, 0)), max(top, 0)..<max(min(bottom, height), max(top, 0))
    )
    guard !columns.isEmpty, !rows.isEmpty else {
      throw Failure(
        .malformed, at: Self.place, "the box of the \(object.className) contains no pixel",
        expected: "a box inside of \(width) by \(height) pixels",
        got: "\(left) to \(right) by \(top) to \(bottom)")
    }
    let seen = try masked(image, object).sliced(1, from: rows.lowerBound, to: rows.upperBound)
      .sliced(2, from: columns.lowerBound, to: columns.upperBound)
    return try seen.padded([
      columns.lowerBound - left, right - columns.upperBound, rows.lowerBound - top, bottom - rows.upperBound,
    ]).contiguous()
  }

  private func masked(_ image: Tensor, _ object: GenEvalObject) throws -> Tensor {
    guard let path = object.mask else { return image }
    let mask = try RGBImage.read(path).tensor()
    guard mask.shape == image.shape else {
      throw Failure(
        .malformed, at: path, "the mask does not have its image's size",
        expected: "\(image.shape[2]) by \(image.shape[1]) pixels", got: "\(mask.shape[2]) by \(mask.shape[1])")
    }
    return try image.filled(where: mask.equal(to: 0), with: Double(Self.background))
  }
}
