import Files
import Foundation
import Tensors

/// Columns that grow during a run, one float32 dataset per column, all of the same length; "step" is the step of each
/// row. Other processes can read the file meanwhile (HDF5's SWMR).
///
/// Bounded in size: past `capacity` rows every other step is dropped, and from then on only every second step is
/// recorded, and so on. The file always spans the whole run.
final class MetricTable {
  private let path: String
  /// Steps between the rows that callers offer.
  private let interval: Int
  private let capacity: Int
  private let chunk: Int
  private let attributes: [(name: String, value: HDF5Attribute)]
  private var file: HDF5File?
  private var columns = [String: HDF5Dataset]()
  private var steps = [Double]()
  /// One in `stride` of the offered steps is recorded.
  private var stride = 1

  /// - Parameters:
  ///   - step: rows of this step and later ones, from an interrupted run, are dropped; 0 starts an empty table.
  ///   - chunk: the number of rows that are stored together.
  ///   - attributes: the attributes of the whole file.
  init(
    _ path: String, from step: Int, interval: Int, capacity: Int, chunk: Int = 4096,
    attributes: [(name: String, value: HDF5Attribute)] = []
  ) throws {
    self.path = path
    self.interval = interval
    self.capacity = capacity
    self.chunk = chunk
    self.attributes = attributes
    guard FileManager.default.fileExists(atPath: path) else { return }
    guard step > 0 else {
      try FileManager.default.removeItem(atPath: path)
      return
    }
    try? HDF5File.recover(path)
    if case .integer(let value)? = try HDF5File.open(path).attribute("stride") { stride = max(1, Int(value)) }
    try rewrite { $0 < Double(step) }
  }

  /// Adds rows of one step, unless the table now skips this step to limit its size.
  ///
  /// - Parameter rows: the columns, each [n, ...]. A column that the first step did not have is left out, since none
  ///   can be added while others read; a missing column is NaN.
  func append(step: Int, _ rows: [(name: String, values: Tensor)]) throws {
    guard let count = rows.first?.values.shape[0], isTaken(Double(step)) else { return }
    let made = Array(repeating: Double(step), count: count)
    let rows = [("step", try Tensor(made))] + rows
    if file == nil { try open(rows) }
    let given = Dictionary(rows.map { ($0.name, $0.values) }) { first, _ in first }
    for (name, dataset) in columns {
      let shape = try [count] + dataset.shape.dropFirst()
      try dataset.append(given[name]?.to(.float32).to(.cpu) ?? .full(shape, .nan, .float32))
    }
    try file?.flush()
    steps += made
    if steps.count > capacity { try thin() }
  }

  func close() throws {
    try file?.close()
    file = nil
    columns = [:]
  }

  private func isTaken(_ step: Double) -> Bool { Int(step) / interval % stride == 0 }

  private func thin() throws {
    try close()
    while steps.count > capacity, Set(steps).count > 1 {
      stride *= 2
      steps.removeAll { !isTaken($0) }
    }
    try rewrite(keeping: isTaken)
  }

  private func open(_ rows: [(name: String, values: Tensor)]) throws {
    let file: HDF5File
    if FileManager.default.fileExists(atPath: path) {
      file = try HDF5File.open(path, .readWrite)
      for name in try file.names() { columns[name] = try file.dataset(name) }
    } else {
      file = try HDF5File.create(path)
      try describe(file)
      for (name, values) in rows { columns[name] = try column(name, Array(values.shape.dropFirst()), in: file) }
    }
    try file.allowReadersWhileWriting()
    self.file = file
  }

  private func describe(_ file: HDF5File) throws {
    try file.setAttribute("stride", .integer(Int64(stride)))
    for (name, value) in attributes { try file.setAttribute(name, value) }
  }

  private func column(_ name: String, _ rowShape: [Int], in file: HDF5File) throws -> HDF5Dataset {
    try file.createRows(name, rowShape: rowShape, dtype: .float32, layout: HDF5Layout(chunk: [chunk] + rowShape))
  }

  private func rewrite(keeping isKept: (Double) -> Bool) throws {
    let old = try HDF5File.open(path)
    let all = try old.read("step").doubles()
    let kept = all.indices.filter { isKept(all[$0]) }
    let tensors = try old.names().map { ($0, try old.read($0).selected(Tensor(kept))) }
    try old.close()
    steps = kept.map { all[$0] }
    try HDF5File.write(to: path) { file in
      try describe(file)
      for (name, values) in tensors { try column(name, Array(values.shape.dropFirst()), in: file).append(values) }
    }
  }
}
