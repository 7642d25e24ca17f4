import Evaluation
import Files
import Tensors
import TestSupport
import Testing

@Suite struct FeatureSetTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `Features of any program are read by the tensor's name, or without it if there is only one`() throws {
    let values = try Tensor([Float(1), 2, 3, 4], shape: [2, 2])
    try HDF5File.write(to: scratch.path("one.h5")) { try $0.write(values, to: "real") }
    try HDF5File.write(to: scratch.path("two.h5")) { file in
      try file.write(values, to: "real")
      try file.write(values * 2, to: "student")
      try file.write(.zeros([3]), to: "flat")
    }
    let one = try FeatureSet(reading: scratch.path("one.h5"))
    #expect(try one.values.doubles() == [1, 2, 3, 4] && one.images == nil)
    #expect(try FeatureSet(reading: scratch.path("two.h5"), tensor: "student").values.doubles() == [2, 4, 6, 8])
    expectError(.usage, "flat, real, student") { _ = try FeatureSet(reading: scratch.path("two.h5")) }
    expectError(.malformed, "there is no tensor 'other'") {
      _ = try FeatureSet(reading: scratch.path("one.h5"), tensor: "other")
    }
    expectError(.malformed, "flat: expected features [N, D], got [3]") {
      _ = try FeatureSet(reading: scratch.path("two.h5"), tensor: "flat")
    }
  }

  @Test func `Folders and tars hold images, files hold features`() throws {
    #expect(FeatureSet.isImages(scratch.folder) && FeatureSet.isImages("none.tar"))
    let file = try scratch.write("", to: "real.h5")
    #expect(!FeatureSet.isImages("none.h5") && !FeatureSet.isImages(file))
  }
}
