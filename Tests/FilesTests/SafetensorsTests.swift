import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  @Test func `Every dtype and shape comes back, in the order it was written`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.safetensors")
    var tensors: [(String, Tensor)] = []
    for dtype in DType.allCases {
      tensors.append(("z.\(dtype.name)", try sample(dtype, [3, 5])))
      tensors.append(("a.\(dtype.name).empty", try sample(dtype, [0, 2])))
      tensors.append(("ü/\"\\\(dtype.name)", try sample(dtype, [])))
    }
    try Safetensors.write(tensors, metadata: ["format": "pt", "é\n": "\"x\""], to: path)
    let file = try SafetensorsFile(path)
    #expect(file.metadata == ["format": "pt", "é\n": "\"x\""])
    #expect(Set(file.names) == Set(tensors.map(\.0)))
    for (name, tensor) in tensors {
      #expect(try file.entry(name).dtype == tensor.dtype)
      #expect(try file.entry(name).shape == tensor.shape)
      try expectSame(try file.tensor(name), tensor)
    }
    let header = try contents(path).prefix(8).reduce(0) { $0 >> 8 | UInt64($1) << 56 }
    #expect(header % 8 == 0)
  }

  @Test func `More than fits into a file is written in shards with an index, each tensor when its turn comes`() throws {
    let scratch = try Scratch()
    let tensors = try ["a", "b", "c", "d"].map { ($0, try sample(.float32, [3, 5])) }
    var made = [String]()
    let entries = tensors.map { name, tensor in
      Safetensors.Entry(name, shape: [3, 5], dtype: .float32) {
        made.append(name)
        return tensor
      }
    }
    try Safetensors.write(entries: entries, into: scratch.path(""), stem: "model", limit: 130)
    #expect(made == ["a", "b", "c", "d"])
    #expect(
      try scratch.files().sorted() == [
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
      ])
    let weights = try Weights.open(folder: scratch.path(""), stem: "model")
    for (name, tensor) in tensors { try expectSame(try weights.tensor(name), tensor) }
    try Safetensors.write(entries: entries, into: scratch.path(""), stem: "one")
    #expect(try SafetensorsFile(scratch.path("one.safetensors")).names.count == 4)
  }

  @Test func `Tensors of one size stay in the order given`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.safetensors")
    let tensor = try sample(.float32, [2])
    try Safetensors.write([("b", tensor), ("a", tensor), ("flag", try sample(.bool, [3])), ("c", tensor)], to: path)
    #expect(try SafetensorsFile(path).names == ["b", "a", "c", "flag"])
  }

  @Test func `A tensor outlives its file object, and a file that replaces the old one`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.safetensors")
    let old = try sample(.float32, [1000])
    try Safetensors.write([("x", old)], to: path)
    let kept = try SafetensorsFile(path).tensor("x")
    try Safetensors.write([("x", try sample(.float32, [1]))], to: path)
    try expectSame(kept, old)
  }

  @Test func `A file without tensors is a file`() throws {
    let scratch = try Scratch()
    try Safetensors.write([], to: scratch.path("a.safetensors"))
    let file = try SafetensorsFile(scratch.path("a.safetensors"))
    #expect(file.names.isEmpty)
    expectError(.missing, "no tensors") { _ = try file.tensor("x") }
  }

  @Test func `A missing tensor is named together with similar ones`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.safetensors")
    try Safetensors.write([("unet.to_q.weight", try sample(.int8, [1])), ("b", try sample(.int8, [1]))], to: path)
    let file = try SafetensorsFile(path)
    #expect(file.contains("b") && !file.contains("to_q.weight"))
    expectError(.missing, "a.safetensors", "'to_q.weight'", "unet.to_q.weight") { _ = try file.tensor("to_q.weight") }
    expectError(.missing, "none.safetensors") { _ = try SafetensorsFile(scratch.path("none.safetensors")) }
  }

  @Test func `A name that occurs twice is refused, and nothing is written`() throws {
    let scratch = try Scratch()
    let tensor = try sample(.int8, [1])
    for names in [["x", "x"], ["__metadata__", "x"]] {
      expectError(.malformed, "twice") {
        try Safetensors.write(names.map { ($0, tensor) }, to: scratch.path("a.safetensors"))
      }
    }
    #expect(try scratch.files().isEmpty)
  }

  @Test func `Python's safetensors reads ours, and we read theirs`() throws {
    let scratch = try Scratch()
    let (ours, theirs) = (scratch.path("ours.safetensors"), scratch.path("theirs.safetensors"))
    let tensors = try DType.allCases.map { ($0.name, try sample($0, [2, 3])) } + [("scalar", try sample(.float32, []))]
    try Safetensors.write(tensors, metadata: ["format": "pt", "note": "é"], to: ours)
    let said = try Python.run(
      """
      import sys, numpy as np
      from safetensors import TensorSpec, deserialize, safe_open, serialize_file
      # Bytes, not arrays: NumPy has no bfloat16.
      t = dict(deserialize(open(sys.argv[1], "rb").read()))
      for name, x in t.items():
          if name == "scalar": assert x["shape"] == [] and np.frombuffer(x["data"], "f4") == -2; continue
          raw = np.frombuffer(x["data"], np.uint16 if name == "bfloat16" else name)
          got = (raw.astype(np.uint32) << 16).view(np.float32) if name == "bfloat16" else raw
          want = np.arange(6.) - (0 if name in ("uint8", "bool") else 2)
          assert x["shape"] == [2, 3] and (got == want.astype(got.dtype)).all(), (name, got)
      assert {n: x["dtype"] for n, x in t.items()} == dict(
          float64="F64", float32="F32", float16="F16", bfloat16="BF16", int64="I64", int32="I32", int16="I16",
          int8="I8", uint8="U8", bool="BOOL", scalar="F32")
      assert safe_open(sys.argv[1], "np").metadata() == {"format": "pt", "note": "é"}
      t["nothing"] = {"shape": [0, 4], "data": b""}
      held = {n: np.frombuffer(x["data"], np.uint8) for n, x in t.items()}
      spec = {
          n: TensorSpec(
              dtype=n if n not in ("scalar", "nothing") else "float32", shape=x["shape"],
              data_ptr=held[n].ctypes.data, data_len=held[n].nbytes) for n, x in t.items()}
      serialize_file(spec, sys.argv[2], {"by": "python"})
      print(len(t))
      """, ours, theirs)
    #expect(said == "12")
    let file = try SafetensorsFile(theirs)
    #expect(file.metadata == ["by": "python"])
    for (name, tensor) in tensors { try expectSame(try file.tensor(name), tensor) }
    #expect(try file.tensor("nothing").shape == [0, 4])
  }
}
