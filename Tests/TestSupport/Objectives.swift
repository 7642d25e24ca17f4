import AMD
import DMD
import DMD2
import DecoupledDMD
import Fewstep
import RewardForcing
import SiD
import Tensors

/// Objectives by the names of the tests.
package enum Objectives {
  package static func named(_ name: String) throws -> any MatchingObjective {
    switch name {
    case "dmd": DMD(.init(try settings("regression-weight: 0")))
    case "dmd regression": DMD(.init(try settings("regression-weight: 0.25")))
    case "dmd2": DMD2(.init(try settings("gan: {student-weight: 0, discriminator-weight: 0}")))
    case "dmd2 gan": DMD2(.init(try settings("gan: {student-weight: 0.5, discriminator-weight: 0.5}")))
    case "dmd2 teacher":
      DMD2(.init(try settings("gan: {student-weight: 0.5, discriminator-weight: 0.5, features: teacher}")))
    case "amd": AMD(.init(try settings("group-size: 4")))
    case "amd zero": AMD(.init(try settings("{group-size: 4, sensitivity: 0, sharpening: 0}")))
    case "amd scalar": AMD(.init(try settings("{group-size: 4, adaptation: scalar}")))
    case "amd remedies": AMD(.init(try settings("{group-size: 4, pooled-std: 0.5, noise-tilt: 1}")))
    case "amd gan": AMD(.init(try settings("{group-size: 4, gan: {student-weight: 0.5, discriminator-weight: 0.5}}")))
    case "amd gan convolutional":
      AMD(
        .init(
          try settings("{group-size: 4, gan: {student-weight: 0.5, discriminator-weight: 0.5, head: convolutional}}")))
    case "amd gan teacher":
      AMD(
        .init(try settings("{group-size: 4, gan: {student-weight: 0.5, discriminator-weight: 0.5, features: teacher}}"))
      )
    case "decoupled": DecoupledDMD()
    case "reward forcing": RewardForcing(.init(try settings("temperature: 0.5")))
    case "sid": SiD(.init(try settings("alpha: 1.2")))
    default: throw TensorError("Objectives", "no \(name)")
    }
  }
}
