import CHDF5

extension HDF5File {
  /// The version of the loaded library: "1.10.8".
  public static var libraryVersion: String {
    var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
    _ = H5get_libversion(&major, &minor, &release)
    return "\(major).\(minor).\(release)"
  }
}
