import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct ExportTests {
  @Test func `A model that is links into a cache is exported as files`() throws {
    let scratch = try Scratch()
    let files = FileManager.default
    // Each file is a relative link, as in downloaded folders.
    for item in ["model_index.json", "unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"] {
      let path = scratch.path("model/\(item)")
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try files.createDirectory(atPath: scratch.path("blobs"), withIntermediateDirectories: true)
      let blob = item.replacingOccurrences(of: "/", with: "-")
      try Data(item.contains("model") ? "{\"_class_name\": \"Pipeline\"}".utf8 : "{}".utf8)
        .write(to: URL(fileURLWithPath: scratch.path("blobs/\(blob)")))
      let up = item.contains("/") ? "../../blobs/" : "../blobs/"
      try files.createSymbolicLink(atPath: path, withDestinationPath: up + blob)
    }
    let run = RunFolder(scratch.path("run"))
    try run.create()
    try HDF5File.write(to: run.checkpoint(3)) { file in
      try file.setAttribute("student.steps", .numbers([1, 0.5]))
      try file.setAttribute("backbone.model", .string(scratch.path("model")))
      try file.setAttribute("backbone.kind", .string("sdxl"))
      try file.write(Tensor([Float(1), 2]), to: "student/conv_in.bias")
    }
    let export = try Export(run, recipe: shortRecipe(), catalog: Catalog.shipped())
    try export.write("diffusers", to: scratch.path("out"), dtype: .float32)
    let written = try #require(files.enumerator(atPath: scratch.path("out"))?.allObjects as? [String])
    for item in written {
      let attributes = try files.attributesOfItem(atPath: scratch.path("out/\(item)"))
      #expect(attributes[.type] as? FileAttributeType != .typeSymbolicLink, "\(item)")
    }
    #expect(Set(written).isSuperset(of: ["vae/config.json", "unet/config.json", "model_index.json"]))
    #expect(
      try SafetensorsFile(scratch.path("out/unet/diffusion_pytorch_model.safetensors")).names == ["conv_in.bias"])
  }
}
