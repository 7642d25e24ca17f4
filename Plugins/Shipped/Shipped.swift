import AMD
import CLIPRewards
import ClassifierReward
import DMD
import DMD2
import DecoupledDMD
import ExternalReward
import Fewstep
import GaussianMixture
import IDX
import ImageReward
import MotionReward
import PerturbedReward
import PixelUNet
import RewardForcing
import SDXL
import SiD
import TeacherReward
import Wan

extension Catalog {
  /// All plugins that Fewstep ships. Package.swift lists their targets; this is the only other list of a program.
  /// The tests' `smallCatalog` has the plugins without large networks, so that a core test compiles without the others.
  ///
  /// - Parameter registrations: add more plugins: `.shipped(adding: [{ SoftMatching.register(in: &$0) }])`.
  public static func shipped(adding registrations: [(inout Catalog) -> Void] = []) -> Catalog {
    var catalog = Catalog()
    // Objectives
    DMD.register(in: &catalog)
    DMD2.register(in: &catalog)
    AMD.register(in: &catalog)
    DecoupledDMD.register(in: &catalog)
    RewardForcing.register(in: &catalog)
    SiD.register(in: &catalog)
    // Model families
    GaussianMixture.register(in: &catalog)
    PixelUNet.register(in: &catalog)
    SDXL.register(in: &catalog)
    Wan.register(in: &catalog)
    // Rewards
    ClassifierReward.register(in: &catalog)
    PerturbedReward.register(in: &catalog)
    TeacherReward.register(in: &catalog)
    CLIPRewards.register(in: &catalog)
    ImageReward.register(in: &catalog)
    ExternalReward.register(in: &catalog)
    MotionReward.register(in: &catalog)
    // Data
    IDXImages.register(in: &catalog)
    PreparedLatents.register(in: &catalog)
    for register in registrations { register(&catalog) }
    return catalog
  }
}
