import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct HDF5RoundTripTests {
  private let layouts: [HDF5Layout] = [
    .contiguous, HDF5Layout(chunk: [2, 2]), HDF5Layout(deflate: 4),
    HDF5Layout(deflate: 9, shuffle: true, checksum: true),
    HDF5Layout(checksum: true),
  ]

  @Test(arguments: DType.allCases)
  func `Every dtype comes back as it was, in every layout`(dtype: DType) throws {
    let scratch = try Scratch()
    let path = scratch.path("a.h5")
    let tensor = try sample(dtype, [5, 3])
    try HDF5File.write(to: path) { file in
      for (index, layout) in layouts.enumerated() { try file.write(tensor, to: "deep/in/\(index)", layout: layout) }
    }
    let file = try HDF5File.open(path)
    for index in layouts.indices { try expectSame(try file.read("/deep/in/\(index)"), tensor) }
  }

  @Test(arguments: [[], [0], [0, 3], [3, 0, 2], [1, 1, 1, 1, 1]])
  func `Scalars and empty tensors come back`(shape: [Int]) throws {
    let scratch = try Scratch()
    let tensor = try sample(.float32, shape)
    try HDF5File.write(to: scratch.path("a.h5")) { file in
      try file.write(tensor, to: "x")
      try file.write(tensor, to: "y", layout: HDF5Layout(deflate: 1))
    }
    let file = try HDF5File.open(scratch.path("a.h5"))
    try expectSame(try file.read("x"), tensor)
    try expectSame(try file.read("y"), tensor)
  }

  @Test func `Rows and blocks are read without the rest`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.create(scratch.path("a.h5"))
    try file.write(try Tensor((0..<24).map { $0 }, shape: [4, 3, 2]), to: "x", layout: HDF5Layout(chunk: [3, 2, 1]))
    #expect(try file.read("x", rows: 1..<3).integers() == Array(6..<18))
    #expect(try file.read("x", rows: 1..<3).shape == [2, 3, 2])
    #expect(try file.read("x", rows: 4..<4).shape == [0, 3, 2])
    #expect(try file.read("x", offset: [0, 1, 1], count: [2, 2, 1]).integers() == [3, 5, 9, 11])
  }

  @Test func `Blocks outside the shape are refused`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.create(scratch.path("a.h5"))
    try file.write(try sample(.int8, [4, 3]), to: "g/x")
    try file.write(try sample(.int8, []), to: "scalar")
    expectError(.malformed, "a.h5:/g/x", "rows 3..<5", "0..<4") { _ = try file.read("g/x", rows: 3..<5) }
    expectError(.malformed, "within the shape [4, 3]") { _ = try file.read("g/x", offset: [1], count: [1]) }
    expectError(.malformed, "within the shape") { _ = try file.read("g/x", offset: [-1, 0], count: [1, 1]) }
    expectError(.malformed, "within the shape") { _ = try file.read("g/x", offset: [1, 1], count: [.max, 1]) }
    expectError(.malformed, "a single value") { _ = try file.read("scalar", rows: 0..<1) }
  }

  @Test func `Attributes of files, groups and datasets come back, and can be replaced`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.h5")
    let values: [String: HDF5Attribute] = [
      "text": .string("é 🙂 \n"), "empty": .string(""), "count": .integer(-7), "rate": .number(1e-4),
      "names": .strings(["a", "", "ü"]), "none": .strings([]), "steps": .integers([999, 0, -1]),
      "weights": .numbers([0.5, -2]), "long": .string(String(repeating: "recipe: ", count: 20_000)),
      "many": .numbers((0..<20_000).map { Double($0) }),
    ]
    try HDF5File.write(to: path) { file in
      try file.write(try sample(.bfloat16, [2]), to: "g/x")
      for place in ["/", "g", "g/x"] {
        try file.setAttribute("count", .string("first"), of: place)
        for (name, value) in values { try file.setAttribute(name, value, of: place) }
      }
    }
    let file = try HDF5File.open(path)
    for place in ["/", "g", "g/x"] {
      for (name, value) in values { #expect(try file.attribute(name, of: place) == value) }
    }
    #expect(try file.attributeNames(of: "g") == values.keys.sorted())
    #expect(try file.attribute("nope") == nil)
    #expect(try file.string("text") == "é 🙂 \n")
    #expect(try file.integer("count", of: "g") == -7)
    #expect(try file.number("rate") == 1e-4)
    expectError(.missing, "no attribute 'nope'", "text") { _ = try file.string("nope") }
    expectError(.malformed, "@text", "expected a number") { _ = try file.number("text") }
  }

  @Test func `The list tells groups, datasets, shapes and dtypes`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.create(scratch.path("a.h5"))
    try file.write(try sample(.bfloat16, [2, 3]), to: "model/b/w")
    try file.write(try sample(.bool, []), to: "model/a")
    try file.write(["a cat"], to: "prompts")
    let items = try file.items()
    #expect(items.map(\.path) == ["/model", "/model/a", "/model/b", "/model/b/w", "/prompts"])
    let kinds: [HDF5Item.Kind] = [
      .group, .dataset(shape: [], dtype: .bool), .group, .dataset(shape: [2, 3], dtype: .bfloat16),
      .dataset(shape: [1], dtype: nil),
    ]
    #expect(items.map(\.kind) == kinds)
    #expect(try file.items(under: "model/b").map(\.path) == ["/model/b/w"])
    #expect(try file.names(in: "/model") == ["a", "b"])
    #expect(try file.contains("model/b/w"))
    #expect(try !file.contains("model/b/w/deeper"))
    try file.remove("model/b")
    #expect(try !file.contains("model/b/w"))
  }

  @Test func `Texts come back`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.create(scratch.path("a.h5"))
    try file.write(["a cat", "", "ein Käfer 🪲"], to: "data/prompts")
    try file.write([], to: "none")
    #expect(try file.strings("data/prompts") == ["a cat", "", "ein Käfer 🪲"])
    #expect(try file.strings("none") == [])
    expectError(.malformed, "zero") { try file.write(["a\0b"], to: "z") }
  }

  @Test func `Rows are appended to what is there, also after the file was closed`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.h5")
    var file = try HDF5File.create(path)
    let rows = try file.createRows("log/x", rowShape: [2], dtype: .bfloat16, layout: HDF5Layout(deflate: 1))
    try rows.append(try sample(.bfloat16, [3, 2]))
    try rows.append(try sample(.bfloat16, [0, 2]))
    expectError(.malformed, "/log/x", "rows of shape [n, 2]", "[1, 3]") {
      try rows.append(try sample(.bfloat16, [1, 3]))
    }
    expectError(.malformed, "expected elements of bfloat16, got float32") {
      try rows.append(try sample(.float32, [1, 2]))
    }
    #expect(try rows.shape == [3, 2])
    try file.close()
    file = try HDF5File.open(path, .readWrite)
    try file.dataset("log/x").append(try sample(.bfloat16, [1, 2]))
    #expect(try file.read("log/x").shape == [4, 2])
    try expectSame(try file.read("log/x", rows: 0..<3), try sample(.bfloat16, [3, 2]))
    let fixed = try file.createRows("scalars", rowShape: [], dtype: .float64)
    try fixed.append(try sample(.float64, [5]))
    try fixed.write(try Tensor([9.0]), at: [2])
    #expect(try fixed.read().doubles() == [-2, -1, 9, 1, 2])
  }

  @Test func `Several threads may use one file`() async throws {
    let scratch = try Scratch()
    let file = try HDF5File.create(scratch.path("a.h5"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<20 {
        group.addTask {
          try file.write(try sample(.int32, [50, 2]), to: "t\(index)/x")
          try file.setAttribute("i", .integer(Int64(index)), of: "t\(index)")
          #expect(try file.read("t\(index)/x", rows: 0..<2).shape == [2, 2])
        }
      }
      try await group.waitForAll()
    }
    #expect(try file.names().count == 20)
  }
}
