import Files
import Foundation
import Tensors
import TestSupport

/// The output of make_features.py, and the CLIP models of the CLIP tests.
enum COCOFixtures {
  static let folder = "\(Repository.tests)/BenchmarksTests/Fixtures/coco"
  /// Six images, 00000.png to 00005.png.
  static let pictures = "\(folder)/pictures"
  static let clip = "\(Repository.tests)/EncodersTests/Fixtures"

  static func expected(_ name: String) throws -> Tensor {
    try SafetensorsFile("\(folder)/expected.safetensors").tensor(name)
  }
}
