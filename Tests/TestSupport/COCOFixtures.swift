import Files
import Foundation
import Tensors

/// The output of BenchmarksTests/Fixtures/make_features.py, and the CLIP models of the CLIP tests.
package enum COCOFixtures {
  package static let folder = "\(Repository.tests)/BenchmarksTests/Fixtures/coco"
  /// Six images, 00000.png to 00005.png.
  package static let images = "\(folder)/pictures"
  package static let clip = "\(Repository.tests)/EncodersTests/Fixtures"

  package static func expected(_ name: String) throws -> Tensor {
    try SafetensorsFile("\(folder)/expected.safetensors").tensor(name)
  }
}
