import Files
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct MetricTableTests {
  private func write(_ path: String, steps: Range<Int>, from start: Int, capacity: Int = 20) throws {
    let file = try MetricTable(
      path, from: start, interval: 5, capacity: capacity, attributes: [("said", .string("once"))])
    for step in steps where step % 5 == 0 {
      let values = try Tensor([Double(step), Double(step) + 0.5])
      try file.append(step: step, [("x", values), ("pair", stacked([values, -values], 1))])
    }
    try file.close()
  }

  private func columns(_ path: String) throws -> [String: [Double]] {
    let file = try HDF5File.open(path)
    return try Dictionary(uniqueKeysWithValues: file.names().map { ($0, try file.read($0).doubles()) })
  }

  @Test func `A file that would grow too large drops every other step, and spans the whole run`() throws {
    let scratch = try Scratch()
    try write(scratch.path("a.h5"), steps: 0..<1000, from: 0)
    let all = try columns(scratch.path("a.h5"))
    let steps = try #require(all["step"])
    #expect(steps.count <= 20 && steps.count > 10)
    let distinct = stride(from: 0, to: steps.count, by: 2).map { steps[$0] }
    let gaps = Set(zip(distinct, distinct.dropFirst()).map { $1 - $0 })
    #expect(gaps == [160] && distinct.first == 0 && distinct.last == 960, "\(distinct)")
    #expect(all["x"] == zip(steps, steps.indices).map { $0 + ($1 % 2 == 0 ? 0 : 0.5) })
    #expect(all["pair"]?.count == 2 * steps.count)
    let file = try HDF5File.open(scratch.path("a.h5"))
    #expect(try file.attribute("said") == .string("once"))
  }

  @Test(arguments: [40, 95, 100, 105, 420])
  func `Rows of a run that was cut off and goes on are those of one that was not`(_ cut: Int) throws {
    let scratch = try Scratch()
    try write(scratch.path("whole.h5"), steps: 0..<1000, from: 0)
    try write(scratch.path("cut.h5"), steps: 0..<cut + 30, from: 0)
    try write(scratch.path("cut.h5"), steps: cut..<1000, from: cut)
    #expect(try columns(scratch.path("whole.h5")) == columns(scratch.path("cut.h5")))
  }

  @Test func `A column that is missing on one step is not a number there`() throws {
    let scratch = try Scratch()
    let file = try MetricTable(scratch.path("a.h5"), from: 0, interval: 1, capacity: 100)
    let values = try Tensor([1.0, 2])
    try file.append(step: 0, [("x", values), ("y", values)])
    try file.append(step: 1, [("x", values), ("z", values)])
    try file.close()
    let all = try columns(scratch.path("a.h5"))
    #expect(all.keys.sorted() == ["step", "x", "y"])
    #expect(all["y"].map { $0[..<2] == [1, 2] && $0[2...].allSatisfy(\.isNaN) && $0.count == 4 } == true)
  }
}
