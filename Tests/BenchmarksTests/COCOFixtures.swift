import Files
import Foundation
import Tensors
import TestSupport

/// What make_features.py wrote, and the CLIP models of CLIP's own tests.
enum COCOFixtures {
  static let folder = "\(Repository.tests)/BenchmarksTests/Fixtures/coco"
  /// Six, 00000.png to 00005.png.
  static let pictures = "\(folder)/pictures"
  static let clip = "\(Repository.tests)/EncodersTests/Fixtures"

  static func expected(_ name: String) throws -> Tensor {
    try SafetensorsFile("\(folder)/expected.safetensors").tensor(name)
  }
}
