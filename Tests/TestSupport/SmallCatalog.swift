import AMD
import ClassifierReward
import DMD
import DMD2
import DecoupledDMD
import Fewstep
import Files
import GaussianMixture
import IDX
import PerturbedReward
import PixelUNet
import RewardForcing
import SiD
import TeacherReward

/// The plugins for tests: the small families with every objective, and the rewards that need no large network.
package func smallCatalog() -> Catalog {
  var catalog = Catalog()
  DMD.register(in: &catalog)
  DMD2.register(in: &catalog)
  AMD.register(in: &catalog)
  DecoupledDMD.register(in: &catalog)
  RewardForcing.register(in: &catalog)
  SiD.register(in: &catalog)
  PreparedLatents.register(in: &catalog)
  GaussianMixture.register(in: &catalog)
  PixelUNet.register(in: &catalog)
  ClassifierReward.register(in: &catalog)
  PerturbedReward.register(in: &catalog)
  TeacherReward.register(in: &catalog)
  IDXImages.register(in: &catalog)
  return catalog
}

/// Settings of a plugin, as YAML.
package func settings(_ text: String) throws -> SettingsReader { SettingsReader(try YAMLNode.parse(text)) }
