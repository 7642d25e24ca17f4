import ArgumentParser
import Fewstep
import Tensors

struct PrepareVideos: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "videos", abstract: "Encode videos and embed their captions: folders, or WebDataset tars.",
    discussion: """
      In a folder, NAME.txt is the caption of NAME.mp4 (mov, webm, mkv, gif); in a tar, the member with the same key (.txt, or
      .json with prompt, caption or text). Of each video the first frames are taken, as many as --size says, at the model's
      frames a second or at --fps; each is resized to cover the frame, then cropped evenly. ffmpeg reads the files.

      Example:  fewstep prepare videos clips/ --model models/wan --size 480x832x81 --into prepared/clips
      """)

  @Argument(help: "Folders, and tars.") var sources: [String]
  @Option(help: "HEIGHTxWIDTHxFRAMES; by default the model's.", transform: MediaSize.init(parsing:))
  var size: MediaSize?
  @Option(help: "Frames a second that are taken; by default as many as the model shows.") var fps: Double?
  @Flag(help: "Leave out damaged and short videos and name them, instead of stopping.")
  var skipBad = false
  @OptionGroup var arguments: PreparationArguments

  func validate() throws {
    if let fps, !(0.01...1000).contains(fps) {
      throw ValidationError("--fps: expected a number from 0.01 to 1000, got \(fps)")
    }
  }

  func run() throws {
    let model = try arguments.opened()
    guard case .videos(let rate) = model.medium else {
      throw Failure(.usage, at: arguments.model, expected: "a model of videos", got: "one of \(model.medium)")
    }
    var size = size ?? type(of: model).defaultSize
    size.frames = size.frames ?? type(of: model).defaultSize.frames
    _ = try model.latentShape(of: size)
    let videos = try VideoSource.videos(in: sources, framesPerSecond: fps ?? rate)
    let bare = videos.count { $0.caption.isEmpty }
    if bare > 0 { note("\(bare) of \(videos.count) videos have no caption: theirs is the empty text") }
    try arguments.run(arguments.cache(model), videos.count, "video") {
      try $0.media(videos, size: size, from: absolute(sources[0]), skippingBad: skipBad, progress: $1)
    }
  }
}
