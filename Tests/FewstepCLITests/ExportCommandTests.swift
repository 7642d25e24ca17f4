import Files
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@Suite struct ExportCommandTests {
  private func weights(_ path: String) throws -> SafetensorsFile { try SafetensorsFile(path) }

  @Test
  func `A student that learnt nothing samples as diffusers' LCM scheduler does, and is exported as it began`() throws {
    let scratch = try Scratch()
    try TinySDXL.run(student: "learning-rate: 0", in: scratch)
    // Only the student is opened: the fake teacher of this recipe cannot be made.
    let run = scratch.path("runs/tiny/recipe.yaml")
    let recipe = try String(contentsOfFile: run, encoding: .utf8)
    try recipe.replacing("\nfake-teacher:", with: "\nfake-teacher:\n  lora: {layers: [nowhere]}")
      .write(toFile: run, atomically: true, encoding: .utf8)
    #expect(try Fewstep.run("check", run, in: scratch, expecting: 65).errors.contains("nowhere"))
    try HDF5File.write(to: scratch.path("noises.h5")) { file in
      let later = try TinySDXL.expected("lcm noises").rows(1..<4)
      try file.write(concatenated([stacked([TinySDXL.expected("noise")]), later]), to: "noises")
    }
    try Fewstep.run(
      "sample", "runs/tiny", "--count", "2", "--noises", "noises.h5", "--tensors", "s.h5", "--into", "p",
      in: scratch)
    let samples = try HDF5File.open(scratch.path("s.h5")).read("samples")
    #expect(try difference(samples, TinySDXL.expected("lcm")) < 1e-4)
    let texts = try PNGImage.read(scratch.path("p/00001.png")).texts
    #expect(texts.contains(PNGImage.Text("prompt", TinySDXL.prompts[1])), "\(texts)")
    #expect(texts.contains(PNGImage.Text("times", "[1.0, 0.75, 0.5, 0.25]")), "\(texts)")

    let job = try Fewstep.run("export", "runs/tiny", "--into", "whole", "--dtype", "float32", in: scratch)
    #expect(job.errors.contains("for the times [1.0, 0.75, 0.5, 0.25]"), "\(job.errors)")
    let original = try weights("\(TinySDXL.model)/unet/diffusion_pytorch_model.safetensors")
    let exported = try weights(scratch.path("whole/unet/diffusion_pytorch_model.safetensors"))
    #expect(exported.names.sorted() == original.names.sorted())
    for name in original.names { #expect(try difference(exported.tensor(name), original.tensor(name)) == 0, "\(name)") }
    #expect(try scratch.files("whole").contains("README.md") && scratch.has("whole/vae/config.json"))
    let scheduler = try JSONValue.read(scratch.path("whole/model_index.json"))["scheduler"]
    #expect(scheduler == .array([.string("diffusers"), .string("LCMScheduler")]))

    try Fewstep.run("export", "runs/tiny", "--format", "component", "--into", "unet", in: scratch)
    #expect(try scratch.files("unet") == ["config.json", "diffusion_pytorch_model.safetensors"])
    let half = try weights(scratch.path("unet/diffusion_pytorch_model.safetensors"))
    #expect(try half.tensor("conv_in.bias").dtype == .float16)
    let there = try Fewstep.run(
      "export", "runs/tiny", "--format", "component", "--into", "unet", in: scratch, expecting: 74)
    #expect(there.errors.contains("unet: it exists already"), "\(there.errors)")
    let adapters = ["export", "runs/tiny", "--format", "peft", "--output", "a.safetensors"]
    let bare = try Fewstep.start(adapters, in: scratch)
    #expect(bare.wait() == 65)
    #expect(bare.errors.contains("has no adapters"), "\(bare.errors)")
    for wrong in [["--output", "b"], ["--format", "peft", "--into", "b"], []] {
      #expect(try Fewstep.start(["export", "runs/tiny"] + wrong, in: scratch).wait() == 64)
    }
    try Fewstep.run("export", "runs/tiny", "--step", "9", "--into", "b", in: scratch, expecting: 66)
    #expect(!scratch.has("a.safetensors") && !scratch.has("b"))
  }

  @Test func `Adapters are exported as PEFT and kohya name them, or added to the weights that they adapt`() throws {
    let scratch = try Scratch()
    try TinySDXL.run(
      student: "learning-rate: 0.1, lora: {rank: 2, alpha: 4, layers: [to_q, attn2.to_out.0]}", in: scratch)
    for (format, option, path) in [
      ("peft", "--output", "p.safetensors"), ("kohya", "--output", "k.safetensors"), ("diffusers", "--into", "whole"),
    ] {
      try Fewstep.run(
        "export", "runs/tiny", "--format", format, option, path, "--dtype", "float32", in: scratch)
    }
    let layer = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    let peft = try weights(scratch.path("p.safetensors"))
    let kohya = try weights(scratch.path("k.safetensors"))
    let (down, up) = (
      try peft.tensor("unet.\(layer).lora_A.weight"), try peft.tensor("unet.\(layer).lora_B.weight")
    )
    #expect((down.shape, up.shape) == ([2, 8], [8, 2]))
    #expect(try up.doubles().contains { $0 != 0 })
    let name = "lora_unet_" + layer.replacing(".", with: "_")
    #expect(try difference(kohya.tensor("\(name).lora_down.weight"), down) == 0)
    #expect(try difference(kohya.tensor("\(name).lora_up.weight"), up) == 0)
    #expect(try kohya.tensor("\(name).alpha").doubles() == [2])
    #expect(kohya.names.count * 2 == peft.names.count * 3)
    let original = try weights("\(TinySDXL.model)/unet/diffusion_pytorch_model.safetensors")
    let merged = try weights(scratch.path("whole/unet/diffusion_pytorch_model.safetensors"))
    #expect(merged.names.sorted() == original.names.sorted())
    let weight = try original.tensor("\(layer).weight") + matmul(up, down)
    #expect(try difference(merged.tensor("\(layer).weight"), weight) < 1e-6)
    #expect(try difference(merged.tensor("conv_in.weight"), original.tensor("conv_in.weight")) == 0)
  }
}
