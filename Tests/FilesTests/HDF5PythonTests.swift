import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct HDF5PythonTests {
  @Test func `h5py sees the names, shapes, types, values and attributes that we wrote`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.h5")
    try HDF5File.write(to: path) { file in
      for dtype in DType.allCases {
        try file.write(
          try sample(dtype, [4, 3]), to: "all/\(dtype.name)", layout: HDF5Layout(deflate: 4, shuffle: true))
      }
      try file.write(try Tensor([2.5], shape: []), to: "scalar")
      try file.write(["a cat", "ein Käfer"], to: "prompts")
      try file.setAttribute("recipe", .string("seed: 7 é"))
      try file.setAttribute("step", .integer(1 << 40), of: "all")
      try file.setAttribute("rate", .number(1e-4), of: "scalar")
      try file.setAttribute("steps", .integers([999, 499]))
      try file.setAttribute("weights", .numbers([0.5, 0.25]))
      try file.setAttribute("names", .strings(["a", "ü"]))
    }
    let verdict = try Python.run(
      """
      import sys, h5py, numpy as np
      f = h5py.File(sys.argv[1], "r")
      values = np.arange(12.).reshape(4, 3)
      assert sorted(f["all"]) == sorted(sys.argv[2].split(",")), list(f["all"])
      for name, d in f["all"].items():
          want = values if name in ("uint8", "bool") else values - 2
          assert d.shape == (4, 3), (name, d.shape)
          if name == "bfloat16":
              assert d.dtype == np.uint16 and d.attrs["dtype"] == "bfloat16"
              got = (d[:].astype(np.uint32) << 16).view(np.float32)
          elif name == "bool":
              assert d.dtype == np.uint8 and d.attrs["dtype"] == "bool"
              got, want = d[:], (values != 0)
          else:
              assert d.dtype == np.dtype(name), (name, d.dtype)
              assert "dtype" not in d.attrs
              got = d[:]
          assert (got == want).all(), (name, got)
      assert f["scalar"].shape == () and f["scalar"][()] == 2.5
      assert list(f["prompts"].asstr()) == ["a cat", "ein Käfer"]
      assert f.attrs["recipe"] == "seed: 7 é"
      assert f["all"].attrs["step"] == 1 << 40
      assert f["scalar"].attrs["rate"] == 1e-4
      assert list(f.attrs["steps"]) == [999, 499] and list(f.attrs["weights"]) == [0.5, 0.25]
      assert list(f.attrs["names"]) == ["a", "ü"]
      print("good")
      """, path, DType.allCases.map(\.name).joined(separator: ","))
    #expect(verdict == "good")
  }

  @Test func `We read what h5py wrote`() throws {
    let scratch = try Scratch()
    let path = scratch.path("b.h5")
    try Python.run(
      """
      import sys, h5py, numpy as np
      with h5py.File(sys.argv[1], "w") as f:
          x = np.arange(6).reshape(2, 3)
          for t in "float64 float32 float16 int64 int32 int16 int8 uint8 uint16 uint32 >f4 >i2".split():
              f.create_dataset("g/" + t, data=x.astype(t), chunks=(1, 2), compression="gzip", fletcher32=True)
          f["bool"] = np.array([True, False, True])
          f["scalar"] = 3.5
          f["words"] = ["a", "é"]
          f["fixed"] = np.array([b"ab", b"c"])
          f["complex"] = np.array([1j])
          f["u64"] = np.array([2**63], dtype=np.uint64)
          f["nothing"] = h5py.Empty("f4")
          f["dangling"] = h5py.SoftLink("/nowhere")
          f["g/loop"] = f["/"]
          t = h5py.h5t.IEEE_F32LE.copy()
          t.set_fields(15, 7, 8, 0, 7); t.set_size(2); t.set_ebias(127)
          d = h5py.h5d.create(f.id, b"bf16", t, h5py.h5s.create_simple((2,)))
          d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1.5, -2], dtype=np.float32))
          f.attrs["text"] = "é"; f.attrs["bytes"] = np.bytes_(b"ab"); f.attrs["i"] = np.int32(-3); f.attrs["f"] = np.float32(0.5)
          f.attrs["flag"] = np.bool_(True); f.attrs["list"] = [1, 2]; f.attrs["words"] = ["x", "y"]; f.attrs["c"] = 1j
          f.attrs["e"] = h5py.Empty("f4")
      """, path)
    let file = try HDF5File.open(path)
    let widened = ["uint16": DType.int32, "uint32": .int64, ">f4": .float32, ">i2": .int16]
    for name in "float64 float32 float16 int64 int32 int16 int8 uint8 uint16 uint32 >f4 >i2".split(separator: " ") {
      let tensor = try file.read("g/\(name)")
      #expect(try tensor.dtype == #require(DType(name: String(name)) ?? widened[String(name)]))
      #expect(try tensor.doubles() == [0, 1, 2, 3, 4, 5])
      #expect(tensor.shape == [2, 3])
    }
    #expect(try file.read("bool").bools() == [true, false, true])
    #expect(try file.read("scalar").item() == 3.5)
    let brief = try file.read("bf16")
    #expect(brief.dtype == .bfloat16)
    #expect(try brief.doubles() == [1.5, -2])
    #expect(try file.strings("words") == ["a", "é"])
    #expect(try file.strings("fixed") == ["ab", "c"])
    expectError(.malformed, "b.h5:/complex", "records") { _ = try file.read("complex") }
    expectError(.malformed, "b.h5:/u64", "64 bits") { _ = try file.read("u64") }
    expectError(.malformed, "b.h5:/words", "text") { _ = try file.read("words") }
    #expect(try file.attribute("text") == .string("é"))
    #expect(try file.attribute("bytes") == .string("ab"))
    #expect(try file.attribute("i") == .integer(-3))
    #expect(try file.attribute("f") == .number(0.5))
    #expect(try file.attribute("flag") == .integer(1))
    #expect(try file.attribute("list") == .integers([1, 2]))
    #expect(try file.attribute("words") == .strings(["x", "y"]))
    expectError(.malformed, "@c") { _ = try file.attribute("c") }
    expectError(.malformed, "@e", "empty") { _ = try file.attribute("e") }
    expectError(.malformed, "nested") { _ = try file.items() }
    _ = try? file.read("nothing")
    #expect(throws: Failure.self) { try file.read("dangling") }
  }

  @Test func `Another process sees rows while we append them`() throws {
    let scratch = try Scratch()
    let path = scratch.path("live.h5")
    let file = try HDF5File.create(path)
    let rows = try file.createRows("reward", rowShape: [2], dtype: .float32, layout: HDF5Layout(chunk: [4, 2]))
    try file.setAttribute("unit", .string("points"), of: "reward")
    try file.allowReadersWhileWriting()
    let (process, output, errors) = try Python.start(
      """
      import sys, time, h5py
      f = h5py.File(sys.argv[1], "r", swmr=True)
      d = f["reward"]
      sys.stdout.write("open\\n")
      end = time.time() + 60
      while d.shape[0] < 10 and time.time() < end:
          time.sleep(0.01)
          d.refresh()
      print(d.shape[0], float(d[:10].sum()), d.attrs["unit"])
      """, [path])
    let opened = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    #expect(opened == "open\n", "\(Python.said(errors))")
    let reader = try HDF5File.open(path, .whileBeingWritten)
    let seen = try reader.dataset("reward")
    #expect(try seen.shape == [0, 2])
    for index in 0..<5 {
      try rows.append(try Tensor([Float](repeating: Float(index), count: 4), shape: [2, 2]))
      try file.flush()
    }
    process.waitUntilExit()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(said == "10 40.0 points\n", "\(Python.said(errors))")
    try seen.refresh()
    #expect(try seen.shape == [10, 2])
    #expect(try seen.read(rows: 8..<10).floats() == [4, 4, 4, 4])
    expectError(.io, "reading only") { try reader.write(try sample(.int8, [1]), to: "y") }
    expectError(.io, "live.h5:/late", "before `allowReadersWhileWriting()`") {
      try file.write(try sample(.int8, [1]), to: "late")
    }
    expectError(.io, "live.h5:/", "before `allowReadersWhileWriting()`") { try file.setAttribute("a", .integer(1)) }
    try file.close()
  }

  @Test func `A file that another process has open for writing says so`() throws {
    let scratch = try Scratch()
    let (path, flag) = (scratch.path("a.h5"), try scratch.write([], to: "go on"))
    let (process, output, errors) = try Python.start(
      """
      import sys, os, time, h5py
      f = h5py.File(sys.argv[1], "w")
      f["x"] = 1
      f.flush()
      sys.stdout.write("open\\n")
      while os.path.exists(sys.argv[2]): time.sleep(0.01)
      """, [path, flag])
    let opened = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    #expect(opened == "open\n", "\(Python.said(errors))")
    expectError(.io, "a.h5", "has the file open") { _ = try HDF5File.open(path) }
    expectError(.io, "a.h5", "has the file open") { _ = try HDF5File.create(path) }
    try FileManager.default.removeItem(atPath: flag)
    process.waitUntilExit()
    #expect(try HDF5File.open(path).read("x").item() == 1)
  }

  @Test func `A file whose writer was killed says so, and can be recovered with what was flushed`() async throws {
    let scratch = try Scratch()
    let path = scratch.path("a.h5")
    try Python.run(
      """
      import sys, os, signal, h5py
      if os.fork() == 0:
          f = h5py.File(sys.argv[1], "w", libver="latest")
          d = f.create_dataset("x", shape=(0,), maxshape=(None,), dtype="f4")
          f.swmr_mode = True
          d.resize((3,)); d[:] = 7
          d.flush(); f.flush()
          os.kill(os.getpid(), signal.SIGKILL)
      os.wait()
      """, path)
    expectError(.io, "a.h5", "was killed", "recover") { _ = try HDF5File.open(path, .readWrite) }
    try HDF5File.recover(path)
    try HDF5File.recover(path)
    let file = try HDF5File.open(path, .readWrite)
    #expect(try file.read("x").floats() == [7, 7, 7])
    try file.dataset("x").append(try Tensor([Float(8)]))
    #expect(try file.read("x").shape == [4])
    expectError(.missing, "none.h5") { try HDF5File.recover(scratch.path("none.h5")) }
  }
}
