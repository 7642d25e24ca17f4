import Foundation
import Tensors
import TestSupport

@testable import Encoders
@testable import Files

let fixtures = "\(Repository.tests)/EncodersTests/Fixtures"

/// The pictures as a model sees them, float32 [7, 3, 28, 28], by one of the ways that `make_clip_model.py` names.
func preparedPictures(_ name: String) throws -> Tensor {
  if name == "pad" { return try SafetensorsFile("\(fixtures)/padded.safetensors").tensor(name) }
  // Rounded to 8 bits, and not yet normalised.
  let pixels = try SafetensorsFile("\(fixtures)/pictures.safetensors").tensor(name).to(.float32) / 255
  let processing = CLIPImageProcessing(size: 28, .crop)
  func channels(_ values: [Double]) throws -> Tensor { try Tensor(values, shape: [3, 1, 1]).to(.float32) }
  return try (pixels - channels(processing.mean)) / channels(processing.std)
}

extension Scratch {
  func write(_ value: JSONValue, to name: String) throws { try write(value.description, to: name) }
}
