import CHDF5

/// One identifier of libhdf5, closed when the last reference goes.
///
/// Swift may drop the last reference right after its last use, while C still works with the number; hence the number is only lent.
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
      // Closing a file closes what is in it.
      if H5Iis_valid(raw) > 0 { _ = close(raw) }
    }
  }

  @discardableResult
  func use<R>(_ body: (hid_t) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try HDF5Library.locked { try body(raw) } }
  }
}
