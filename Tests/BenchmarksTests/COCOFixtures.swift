import Files
import Foundation
import Tensors

/// What make_features.py wrote, and the CLIP models of CLIP's own tests.
enum COCOFixtures {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .path
  static let folder = "\(tests)/BenchmarksTests/Fixtures/coco"
  /// Six, 00000.png to 00005.png.
  static let pictures = "\(folder)/pictures"
  static let clip = "\(tests)/EncodersTests/Fixtures"

  static func expected(_ name: String) throws -> Tensor {
    try SafetensorsFile("\(folder)/expected.safetensors").tensor(name)
  }
}
