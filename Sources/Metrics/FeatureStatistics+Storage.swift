import Files
import Tensors

extension FeatureStatistics {
  /// Stores the statistics as a group with "mean" and "covariance" and the attribute "count".
  ///
  /// - Throws: `Failure` if the path is taken or the disk is full.
  public func write(to file: HDF5File, at path: String) throws {
    try file.createGroup(path)
    try file.setAttribute("count", .integer(Int64(count)), of: path)
    try file.write(mean, to: "\(path)/mean")
    try file.write(covariance, to: "\(path)/covariance")
  }

  /// Reads statistics that `write` stored.
  ///
  /// - Throws: `Failure` if something is missing or the shapes do not match.
  public init(reading file: HDF5File, at path: String) throws {
    try self.init(
      count: try file.integer("count", of: path), mean: try file.read("\(path)/mean"),
      covariance: try file.read("\(path)/covariance"))
  }
}
