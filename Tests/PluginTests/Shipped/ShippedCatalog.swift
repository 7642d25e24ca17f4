import CLIPRewards
import ExternalReward
import Fewstep
import ImageReward
import SDXL
import TestSupport

/// Everything we ship.
func shippedCatalog() -> Catalog {
  var catalog = smallCatalog()
  SDXL.register(in: &catalog)
  CLIPRewards.register(in: &catalog)
  ImageReward.register(in: &catalog)
  ExternalReward.register(in: &catalog)
  return catalog
}
