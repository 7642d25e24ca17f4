import CHDF5

/// An identifier of libhdf5, closed with its last reference.
///
/// Swift may release the last reference right after its last use, while C still uses the number. So the number is
/// available only inside a closure.
final class HDF5ID: Sendable {
  typealias Close = @convention(c) (hid_t) -> herr_t

  private let raw: hid_t
  private let close: Close

  init(_ raw: hid_t, _ close: @escaping Close) {
    self.raw = raw
    self.close = close
  }

  deinit {
    HDF5Library.locked {
      // Closing a file also closes its objects.
      if H5Iis_valid(raw) > 0 { _ = close(raw) }
    }
  }

  @discardableResult
  func use<R>(_ body: (hid_t) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try HDF5Library.locked { try body(raw) } }
  }
}
