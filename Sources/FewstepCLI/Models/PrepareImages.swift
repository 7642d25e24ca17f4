import ArgumentParser
import Fewstep
import Tensors

struct PrepareImages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "images", abstract: "Encode images and embed their captions: folders, or WebDataset tars.",
    discussion: """
      In a folder, NAME.txt is the caption of NAME.jpg (png, webp); in a tar, the member with the same key (.txt, or .json
      with prompt, caption or text). Images are resized to cover the frame, then cropped evenly; the original size and the
      crop are stored if the model reads them, as SDXL does. Transparency is dropped, as PIL's convert("RGB") does.

      Example:  fewstep prepare images photos/ --model models/sdxl --size 1024 --into prepared/photos
      """)

  @Argument(help: "Folders, and tars.") var sources: [String]
  @Option(help: "Pixels a side, or HEIGHTxWIDTH; by default the model's.", transform: MediaSize.init(parsing:))
  var size: MediaSize?
  @Flag(help: "Leave out damaged files and name them, instead of stopping.")
  var skipBad = false
  @OptionGroup var arguments: PreparationArguments

  func run() throws {
    let images = try ImageSource.images(in: sources)
    let bare = images.count { $0.caption.isEmpty }
    if bare > 0 { note("\(bare) of \(images.count) images have no caption: theirs is the empty text") }
    let model = try arguments.opened()
    let size = size ?? type(of: model).defaultSize
    guard model.medium == .images else {
      throw Failure(.usage, at: arguments.model, expected: "a model of images", got: "one of \(model.medium)")
    }
    guard size.frames == nil else { throw Failure(.usage, at: "--size \(size)", "images have no frames") }
    _ = try model.latentShape(of: size)
    try arguments.run(arguments.cache(model), images.count, "image") {
      try $0.media(images, size: size, from: absolute(sources[0]), skippingBad: skipBad, progress: $1)
    }
  }
}
