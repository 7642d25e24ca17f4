import Files
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@Suite struct PrepareCommandTests {
  private let model = TinySDXL.model

  /// The output of `--json`.
  private func summary(_ job: Job) throws -> [String: Int] {
    try #require(JSONSerialization.jsonObject(with: Data(job.output.utf8)) as? [String: Int], "\(job.output)")
  }

  @Test
  func `Prepared prompts are diffusers' embeddings in shards that a second call keeps; other encoders refuse them`()
    throws
  {
    let scratch = try Scratch()
    let long = String(repeating: "the end of the long road ", count: 20)
    try scratch.write("a cat!\n\n\(long)\na cat!\n", to: "p.txt")
    let arguments = [
      "prepare", "prompts", "p.txt", "--model", model, "--into", "out", "--shard-rows", "2", "--dtype", "float32",
      "--json",
    ]
    let first = try Fewstep.start(arguments, in: scratch)
    #expect(first.wait() == 0, "\(first.errors)")
    #expect(try summary(first) == ["rows": 3, "shards": 2, "kept": 0, "cutOff": 1, "skipped": 0, "damaged": 0])
    #expect(first.errors.contains("more than the encoders read, and cut off: the end of the long"), "\(first.errors)")
    #expect(first.errors.contains("1 prompt longer than the encoders read: the ends were cut off"), "\(first.errors)")
    #expect(first.errors.contains("out: 3 prompts in 2 shards, 0 of them reused"), "\(first.errors)")
    let last = first.errors.split(separator: "\n").filter { $0.contains("3/3") }
    #expect(last.count == 1, "\(first.errors)")
    #expect(try scratch.files("out") == ["manifest.json", "shard-00000.h5", "shard-00001.h5"])
    let made = try ShardFolder(scratch.path("out"), kind: "prompts")
    #expect(try made.strings("prompts") == ["a cat!", long.trimmingCharacters(in: .whitespaces), "a cat!"])
    for name in ["text", "pooled"] {
      let expected = try TinySDXL.expected(name, in: "text-encoders").rows(0..<1)
      for row in [0, 2] { #expect(try difference(made.rows(name, [row]), expected) < 1e-4, "\(name) \(row)") }
      #expect(try made.shared("unconditional/\(name)").doubles().allSatisfy { $0 == 0 })
    }
    let second = try Fewstep.start(arguments, in: scratch)
    #expect(second.wait() == 0, "\(second.errors)")
    #expect(try summary(second)["kept"] == 2)

    let other = try TinySDXL.model(with: [:], at: scratch.path("other"))
    let weights = "\(other)/text_encoder_2/model.safetensors"
    let file = try SafetensorsFile(weights)
    let changed = try file.names.map { name in
      (name, try name.hasSuffix("q_proj.bias") ? file.tensor(name) + 1 : file.tensor(name).cloned())
    }
    try Safetensors.write(changed, to: weights)
    let recipe = TinySDXL.recipe(student: "learning-rate: 0").replacing("prompts: prompts", with: "prompts: out")
    try scratch.write(recipe, to: "mine.yaml")
    try scratch.write(recipe.replacing(model, with: other), to: "theirs.yaml")
    try Fewstep.run("check", "mine.yaml", in: scratch)
    let refused = try Fewstep.run("check", "theirs.yaml", in: scratch, expecting: 65)
    #expect(
      refused.errors.contains("it was prepared by another model, or with other settings: text_encoder_2: "),
      "\(refused.errors)")
    #expect(refused.errors.contains("fewstep prepare"), "\(refused.errors)")
  }

  @Test func `Prepared images are what encode makes of their pixels, with their captions and sizes`() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: scratch.path("photos"), withIntermediateDirectories: true)
    let pixels = (0..<16 * 16 * 3).map { UInt8($0 * 7 % 256) }
    try PNGImage(width: 16, height: 16, color: .rgb, pixels: pixels).write(to: scratch.path("photos/a.png"))
    try PNGImage(width: 32, height: 16, color: .rgb, pixels: pixels + pixels).write(to: scratch.path("photos/b.png"))
    try scratch.write("a cat!", to: "photos/a.txt")
    let arguments = [
      "prepare", "images", "photos", "--model", model, "--size", "16", "--into", "out", "--dtype", "float32",
      "--json",
    ]
    let job = try Fewstep.start(arguments, in: scratch)
    #expect(job.wait() == 0, "\(job.errors)")
    #expect(try summary(job) == ["rows": 2, "shards": 1, "kept": 0, "cutOff": 0, "skipped": 0, "damaged": 0])
    #expect(job.errors.contains("1 of 2 images have no caption"), "\(job.errors)")
    let made = try ShardFolder(scratch.path("out"), kind: "latents")
    #expect(try made.strings("captions") == ["a cat!", ""])
    #expect(try made.strings("names") == ["photos/a.png", "photos/b.png"])
    #expect(try made.rows("time-ids", [0, 1]).doubles() == [16, 16, 0, 0, 16, 16, 16, 32, 0, 8, 16, 16])
    let expected = try TinySDXL.expected("pooled", in: "text-encoders").rows(0..<2)
    #expect(try difference(made.rows("pooled", [0, 1]), expected) < 1e-4)

    let image = try Tensor(pixels.map { Float($0) / 127.5 - 1 }, shape: [1, 16, 16, 3]).permuted([0, 3, 1, 2])
    try HDF5File.write(to: scratch.path("x.h5")) { try $0.write(image.contiguous(), to: "pixels") }
    try Fewstep.run("encode", model, "--input", "x.h5", "--output", "y.h5", in: scratch)
    let encoded = try HDF5File.open(scratch.path("y.h5")).read("latents")
    #expect(try difference(made.rows("latents", [0]), encoded) < 1e-5)

    try scratch.write("no picture", to: "photos/b.png")
    let damaged = try Fewstep.start(arguments, in: scratch)
    #expect(damaged.wait() == 65)
    #expect(damaged.errors.contains("photos/b.png") && damaged.errors.contains("--skip-bad"), "\(damaged.errors)")
    #expect(scratch.has("out/manifest.json"))
    let without = try Fewstep.start(arguments + ["--skip-bad"], in: scratch)
    #expect(without.wait() == 0, "\(without.errors)")
    #expect(try summary(without)["skipped"] == 1)
    #expect(without.errors.contains("left out: photos/b.png"), "\(without.errors)")
    #expect(try ShardFolder(scratch.path("out"), kind: "latents").manifest.skipped == ["photos/b.png"])
  }

  @Test
  func `Prompts and models that are not there, an empty file and sizes without sense are refused, and nothing is made`()
    throws
  {
    let scratch = try Scratch()
    try scratch.write("a", to: "p.txt")
    try scratch.write("\n", to: "empty.txt")
    for (arguments, code, words) in [
      (["prompts", "none.txt", "--model", model], 66, "none.txt"),
      (["prompts", "p.txt", "--model", "nowhere"], 66, "nowhere"),
      (["prompts", "empty.txt", "--model", model], 65, "no prompts"),
      (["prompts", "/dev/null", "--model", model], 65, "/dev/null: the file is empty"),
      (["images", ".", "--model", model, "--size", "4x"], 64, "--size"),
      (["images", ".", "--model", model, "--size", "wx16"], 64, "--size"),
      (
        ["prompts", "p.txt", "--model", model, "--device", "cuda:99"], 65,
        "--device: 'cuda:99' is not there; this libtorch"
      ),
    ] as [([String], Int32, String)] {
      let job = try Fewstep.start(["prepare"] + arguments + ["--into", "out"], in: scratch)
      #expect(job.wait() == code, "\(arguments): \(job.errors)")
      #expect(job.errors.contains(words), "\(arguments): \(job.errors)")
      #expect(!scratch.has("out"), "\(arguments)")
    }
  }
}
