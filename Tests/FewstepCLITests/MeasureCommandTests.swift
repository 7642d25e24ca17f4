import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct MeasureCommandTests {
  @Test func `measure compares features of two files, in words and in JSON, and refuses what are none`() throws {
    let scratch = try Scratch()
    let noise = Noise(seed: 2)
    let real = try noise.stream("real", step: 0).normal(0..<40, [3])
    let generated = try noise.stream("generated", step: 0).normal(0..<30, [3]) + 1
    try HDF5File.write(to: scratch.path("real.h5")) { try $0.write(real, to: "features") }
    try Safetensors.write([("a", generated), ("b", real)], to: scratch.path("both.safetensors"))

    let words = try Fewstep.run("measure", "real.h5", "both.safetensors", "--generated", "a", "--cmmd", in: scratch)
    for part in [
      "Fréchet distance", "kernel distance", "precision", "coverage", "CMMD", "95% from", "bias",
      "40 real and 30 generated samples of 3 features", "warning: kernel distance: 40 real", "warning: CMMD: the rows",
    ] { #expect(words.output.contains(part), "\(part): \(words.output)") }

    let job = try Fewstep.run("measure", "real.h5", "both.safetensors", "--generated", "b", "--json", in: scratch)
    let json = try #require(JSONSerialization.jsonObject(with: Data(job.output.utf8)) as? [String: Any])
    #expect(json["realSamples"] as? Int == 40 && json["generatedSamples"] as? Int == 40 && json["cmmd"] == nil)
    let scores = try #require(json["scores"] as? [String: [String: Any]])
    #expect(try #require(scores["frechetDistance"]?["value"] as? Double) < 1e-6)
    #expect(scores["precision"]?["value"] as? Double == 1)
    #expect((scores["density"]?["interval"] as? [Double])?.count == 2)
    #expect(scores["recall"]?["warning"] is String)

    #expect(
      try Fewstep.run("measure", "real.h5", "both.safetensors", in: scratch, expecting: 64).errors.contains("a, b"))
    try Fewstep.run("measure", "real.h5", "real.h5", "--real", "x", in: scratch, expecting: 65)
    try Fewstep.run("measure", "real.h5", "none.h5", in: scratch, expecting: 66)
    try Safetensors.write([("a", Tensor.zeros([40, 2]))], to: scratch.path("narrow.safetensors"))
    let narrow = try Fewstep.run("measure", "real.h5", "narrow.safetensors", in: scratch, expecting: 65)
    #expect(narrow.errors.contains("3"), "\(narrow.errors)")
  }
}
