import Foundation
import Storage
import Tensors

/// Per-sample numbers of a run, one dataset a column, all of one length: step, prompt, t, reward, advantage, norms, weights.
/// Readable by another process while the run goes on (HDF5's SWMR).
public final class Diagnostics {
  private let path: String
  private var file: HDF5File?
  private var columns = [String: HDF5Dataset]()

  /// - Parameter step: rows of this step and later ones, of a run that was cut off, are dropped.
  public init(_ path: String, resumingAt step: Int) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else { return }
    guard step > 0 else {
      try FileManager.default.removeItem(atPath: path)
      return
    }
    try? HDF5File.recover(path)
    try keepRows(before: step)
  }

  public func append(_ report: StepReport) throws {
    guard let count = report.columns.first?.values.count else { return }
    let rows =
      [("step", Array(repeating: Double(report.step), count: count))] + report.columns.map { ($0.name, $0.values) }
    if file == nil { try open(rows.map(\.0)) }
    for (name, values) in rows {
      // A column that the first step did not have cannot be added while others read.
      try columns[name]?.append(try Tensor(values).to(.float32))
    }
    try file?.flush()
  }

  public func close() throws {
    try file?.close()
    file = nil
    columns = [:]
  }

  private func open(_ names: [String]) throws {
    let layout = HDF5Layout(chunk: [4096])
    if FileManager.default.fileExists(atPath: path) {
      let file = try HDF5File.open(path, .readWrite)
      for name in try file.names() { columns[name] = try file.dataset(name) }
      self.file = file
    } else {
      let file = try HDF5File.create(path)
      for name in names { columns[name] = try file.createRows(name, rowShape: [], dtype: .float32, layout: layout) }
      self.file = file
    }
    try file?.allowReadersWhileWriting()
  }

  private func keepRows(before step: Int) throws {
    let old = try HDF5File.open(path)
    let steps = try old.read("step").doubles()
    let kept = steps.prefix { $0 < Double(step) }.count
    let names = try old.names()
    let columns = try names.map { ($0, try old.read($0, rows: 0..<kept)) }
    try old.close()
    try HDF5File.write(to: path) { file in
      for (name, values) in columns {
        try file.createRows(name, rowShape: [], dtype: .float32, layout: HDF5Layout(chunk: [4096])).append(values)
      }
    }
  }
}
