import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct InspectTests {
  private func entries(_ file: String, _ scratch: Scratch) throws -> [[String: Any]] {
    let job = try Fewstep.run("inspect", file, "--json", in: scratch)
    return try #require(JSONSerialization.jsonObject(with: Data(job.output.utf8)) as? [[String: Any]], "\(job.output)")
  }

  private func entry(_ name: String, in entries: [[String: Any]]) throws -> [String: Any] {
    try #require(entries.first { $0["name"] as? String == name }, "\(entries)")
  }

  @Test func `inspect lists torch's files, whatever they are called, and weights that lie in several files`() throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(
      atPath: "\(TinySDXL.torchFiles)/module.pth", toPath: scratch.path("pytorch_model.bin"))
    let module = try entries("pytorch_model.bin", scratch)
    #expect(module.count == 7)
    let weight = try entry("0.weight", in: module)
    #expect(weight["dtype"] as? String == "float32" && weight["shape"] as? [Int] == [2, 3])
    // -2, -1, 0, 1, 2, 3
    #expect(abs((weight["norm"] as? Double ?? 0) - 19.0.squareRoot()) < 1e-6)
    let text = try Fewstep.run("inspect", "\(TinySDXL.torchFiles)/views.pt", in: scratch).output
    #expect(text.contains("transposed") && text.contains("[6, 4]") && text.contains("11 tensors"), "\(text)")

    try Safetensors.write([("a", try Tensor([3.0, 4.0]))], to: scratch.path("m-1.safetensors"))
    try Safetensors.write([("b", try Tensor([1, 2, 3]))], to: scratch.path("m-2.safetensors"))
    try scratch.write(
      #"{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}"#, to: "m.safetensors.index.json")
    let shards = try entries("m.safetensors.index.json", scratch)
    #expect(shards.compactMap { $0["name"] as? String } == ["a", "b"])
    #expect(try entry("a", in: shards)["norm"] as? Double == 5)
    #expect(try entry("b", in: shards)["dtype"] as? String == "int64")

    try HDF5File.write(to: scratch.path("t.h5")) { try $0.write(["a fox", "a whale"], to: "texts") }
    let texts = try entry("texts", in: entries("t.h5", scratch))
    #expect(texts["dtype"] as? String == "text" && texts["shape"] as? [Int] == [2])
    try HDF5File.write(to: scratch.path("u.h5")) { try $0.write(["a fox", "a dog"], to: "texts") }
    #expect(try Fewstep.run("diff", "t.h5", "u.h5", in: scratch, expecting: 1).output.contains("texts: other texts"))
    let letter = try Fewstep.run("inspect", scratch.write("a", to: "letter.txt"), in: scratch, expecting: 65)
    #expect(letter.errors.contains("letter.txt: expected HDF5, or weights"), "\(letter.errors)")

    try FileManager.default.removeItem(atPath: scratch.path("m-2.safetensors"))
    let absent = try Fewstep.run("inspect", "m.safetensors.index.json", in: scratch, expecting: 66)
    #expect(absent.errors.contains("m-2.safetensors"), "\(absent.errors)")
    let refused = try Fewstep.run("inspect", "\(TinySDXL.torchFiles)/module-itself.pt", in: scratch, expecting: 65)
    #expect(refused.errors.contains("module-itself.pt"), "\(refused.errors)")
  }
}
