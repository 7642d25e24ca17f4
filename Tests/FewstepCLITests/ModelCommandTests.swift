import Files
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@Suite struct ModelCommandTests {
  private let model = TinySDXL.model

  @Test func `denoise, encode and decode give what diffusers gives on the tensors of a file`() throws {
    let scratch = try Scratch()
    let other = try TinySDXL.model(with: ["unet": "unet-saved", "vae": "vae-three"], at: scratch.path("model"))
    func given(_ name: String) throws -> Tensor { try TinySDXL.expected(name, in: "unet-saved") }
    try HDF5File.write(to: scratch.path("x.h5")) { file in
      for name in ["sample", "timestep", "text", "pooled"] { try file.write(given(name), to: name) }
      try file.write(given("time_ids"), to: "time-ids")
      try file.write(TinySDXL.expected("images", in: "vae-three"), to: "pixels")
    }
    let job = try Fewstep.run("denoise", other, "--input", "x.h5", "--output", "y.h5", in: scratch)
    #expect(job.errors.contains("y.h5: output float32[2, 4, 8, 8]"), "\(job.errors)")
    #expect(try difference(HDF5File.open(scratch.path("y.h5")).read("output"), given("output")) < 1e-4)

    try Fewstep.run("encode", other, "--input", "x.h5", "--output", "latents.h5", in: scratch)
    let latents = try HDF5File.open(scratch.path("latents.h5")).read("latents")
    #expect(try difference(latents, TinySDXL.expected("mean", in: "vae-three") * 0.13025) < 1e-4)

    // The denoiser needs no autoencoder.
    try FileManager.default.removeItem(atPath: "\(other)/vae")
    try Fewstep.run("denoise", other, "--input", "x.h5", "--output", "alone.h5", in: scratch)
    let without = try Fewstep.run(
      "encode", other, "--input", "x.h5", "--output", "no.h5", in: scratch, expecting: 66)
    #expect(without.errors.contains("\(other)/vae: the folder that model_index.json speaks of is not there"))

    // safetensors files work as input like HDF5.
    try Safetensors.write([("latents", try TinySDXL.expected("euler"))], to: scratch.path("l.safetensors"))
    try Fewstep.run("decode", model, "--input", "l.safetensors", "--output", "pixels.h5", in: scratch)
    let pixels = try HDF5File.open(scratch.path("pixels.h5")).read("pixels")
    #expect(try difference(pixels, TinySDXL.expected("pixels")) < 1e-4)

    let absent = try Fewstep.run("decode", model, "--input", "x.h5", "--output", "no.h5", in: scratch, expecting: 66)
    #expect(
      absent.errors.contains("x.h5: there is no 'latents'") && absent.errors.contains("pixels"), "\(absent.errors)")
    #expect(!scratch.has("no.h5"))

    let tile = try Fewstep.run(
      "decode", model, "--input", "l.safetensors", "--output", "no.h5", "--tile", "7", in: scratch, expecting: 64)
    #expect(tile.errors.contains("--tile: expected a multiple of 8 pixels, got 7"), "\(tile.errors)")
  }

  @Test
  func `Tensors of other shapes, and an output that cannot be written, are refused before anything is computed`() throws
  {
    let scratch = try Scratch()
    let shapes = [
      "sample": [2, 4, 8, 8], "timestep": [2], "text": [2, 77, 20], "pooled": [2, 6], "time-ids": [2, 6],
    ]
    func asked(_ others: [String: [Int]], output: String = "y.h5", _ code: Int32) throws -> String {
      try HDF5File.write(to: scratch.path("b.h5")) { file in
        for (name, shape) in shapes.merging(others, uniquingKeysWith: { $1 }) {
          try file.write(.zeros(shape), to: name)
        }
      }
      let job = try Fewstep.run("denoise", model, "--input", "b.h5", "--output", output, in: scratch, expecting: code)
      return job.errors
    }
    #expect(try asked(["text": [2, 77, 21]], 65).contains("b.h5: text: expected [2, n, 20], got [2, 77, 21]"))
    #expect(try asked(["timestep": [3]], 65).contains("b.h5: timestep: expected [2], got [3]"))
    #expect(!scratch.has("y.h5"))
    #expect(try asked(["timestep": [3]], output: scratch.folder, 74).contains("is a directory"))
    try HDF5File.write(to: scratch.path("x.h5")) { try $0.write(.zeros([1, 3, 15, 16]), to: "pixels") }
    let odd = try Fewstep.run("encode", model, "--input", "x.h5", "--output", "y.h5", in: scratch, expecting: 65)
    #expect(odd.errors.contains("x.h5: pixels: expected [B, 3, 2·h, 2·w], got [1, 3, 15, 16]"), "\(odd.errors)")
  }

  @Test func `Texts are embedded as diffusers embeds them, and the one that is too long is told`() throws {
    let scratch = try Scratch()
    let texts = try JSONDecoder().decode(
      [String].self, from: Data(contentsOf: URL(fileURLWithPath: "\(TinySDXL.fixtures)/text-encoders/prompts.json")))
    let lines = try texts.map { String(decoding: try JSONEncoder().encode(["prompt": $0]), as: UTF8.self) }
    try scratch.write(lines.joined(separator: "\n"), to: "texts.jsonl")
    let job = try Fewstep.run("embed", model, "--file", "texts.jsonl", "--output", "y.h5", in: scratch)
    let told = job.errors.split(separator: "\n").filter { $0.contains("tokens are more than the encoders read") }
    #expect(told.count == 1 && told[0].contains("the end of the long road"), "\(job.errors)")
    let made = try HDF5File.open(scratch.path("y.h5"))
    #expect(try made.strings("prompts") == texts)
    for name in ["text", "pooled"] {
      #expect(try difference(made.read(name), TinySDXL.expected(name, in: "text-encoders")) < 1e-4, "\(name)")
    }
    let both = try Fewstep.run(
      "embed", model, "a", "--file", "texts.jsonl", "--output", "z.h5", in: scratch, expecting: 64)
    #expect(both.errors.contains("not both"))
    #expect(!scratch.has("z.h5"))
  }

  @Test
  func `A model's samples of prompts are diffusers', as tensors and as PNGs that say what they were made from`() throws
  {
    let scratch = try Scratch()
    try HDF5File.write(to: scratch.path("noises.h5")) {
      try $0.write(stacked([TinySDXL.expected("noise")]), to: "noises")
    }
    try Fewstep.run(
      "sample", model, "--prompt", TinySDXL.prompts[0], "--prompt", TinySDXL.prompts[1], "--count", "2",
      "--size", "16x16",
      "--teacher-steps", "5", "--guidance", "5", "--noises", "noises.h5", "--tensors", "s.h5", "--into", "p",
      in: scratch)
    let samples = try HDF5File.open(scratch.path("s.h5"))
    #expect(try difference(samples.read("samples"), TinySDXL.expected("euler")) < 1e-4)
    #expect(try samples.read("prompts").doubles() == [0, 1])
    let many = try Fewstep.run(
      "sample", model, "--prompt", "a", "--count", "3", "--size", "16", "--noises", "noises.h5", "--tensors", "no.h5",
      in: scratch, expecting: 65)
    #expect(
      many.errors.contains("noises.h5: noises: expected [1 steps or more, 3 samples or more, 4, 8, 8]"),
      "\(many.errors)")
    #expect(!scratch.has("no.h5"))
    #expect(scratch.has("samples.png"))
    #expect(try scratch.files("p") == ["00000.png", "00001.png"])
    let picture = try PNGImage.read(scratch.path("p/00001.png"))
    #expect((picture.width, picture.height) == (16, 16))
    for text in [("prompt", TinySDXL.prompts[1]), ("model", model), ("steps", "5"), ("guidance", "5.0"), ("seed", "1")]
    {
      #expect(picture.texts.contains(PNGImage.Text(text.0, text.1)), "\(text): \(picture.texts)")
    }
    // The expected file has rows, columns, channels; here channels come first.
    let expected = try (TinySDXL.expected("pixels").rows(1..<2).squeezed(0) * 0.5 + 0.5).clamped(0, 1) * 255
    let bytes = try expected.permuted([1, 2, 0]).contiguous().doubles()
    #expect(zip(picture.pixels, bytes).allSatisfy { abs(Double($0) - $1) < 1.01 })
  }

  @Test
  func `A model that is not there, is another's or lacks a variant is refused, and so are prompts that are none`()
    throws
  {
    let scratch = try Scratch()
    func refused(_ model: String, _ more: [String], _ code: Int32) throws -> String {
      let job = try Fewstep.start(["embed", model, "a", "--output", "y.h5"] + more, in: scratch)
      #expect(job.wait() == code, "\(job.errors)")
      return job.errors
    }
    #expect(try refused("nowhere", [], 66).contains("nowhere"))
    let variant = try refused(model, ["--variant", "fp16"], 66)
    #expect(variant.contains("variant 'fp16'") && variant.contains("the weights without a variant"), "\(variant)")
    let other = try TinySDXL.model(with: [:], at: scratch.path("other"))
    for (name, words) in [
      ("FluxPipeline", "expected StableDiffusionXLPipeline or WanPipeline, got FluxPipeline"),
      ("WanImageToVideoPipeline", "this is Wan's image-to-video model"),
    ] {
      try "{\"_class_name\": \"\(name)\"}".write(
        toFile: "\(other)/model_index.json", atomically: true, encoding: .utf8)
      #expect(try refused(other, [], 65).contains(words))
    }
    #expect(!scratch.has("y.h5"))
    for (size, range) in [("5", "8 to 16384 pixels"), ("16x16x0", "1 to 10000 frames")] {
      let job = try Fewstep.run("sample", model, "--prompt", "a", "--size", size, in: scratch, expecting: 64)
      #expect(job.errors.contains(range), "\(job.errors)")
    }
    for frames in [["--frames", "5"], ["--size", "16x16x5"]] {
      let job = try Fewstep.start(["sample", model, "--prompt", "a"] + frames, in: scratch)
      #expect(job.wait() == 64 && job.errors.contains("are images, and have no frames"), "\(job.errors)")
    }
    let silent = try Fewstep.run("sample", model, in: scratch, expecting: 64)
    #expect(silent.errors.contains("give --prompt"))
  }
}
