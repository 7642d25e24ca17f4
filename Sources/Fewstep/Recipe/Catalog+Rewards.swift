import Files
import Tensors

extension Catalog {
  /// Makes a reward from settings that no recipe gives, such as a command's options.
  ///
  /// - Parameter settings: a section of a recipe, without its `kind`.
  /// - Throws: `Failure` if no plugin has this name, `RecipeError` with all wrong settings, and what the plugin throws.
  public func reward(_ name: String, _ settings: YAMLNode, _ context: PluginContext) throws -> any RewardProxy {
    guard let plugin = rewards.first(where: { $0.name == name }) else {
      throw Failure(.missing, at: name, "there is no reward of this name")
    }
    let reader = SettingsReader(settings, self)
    let make = plugin.read(reader)
    try reader.finish()
    return try make(context)
  }
}
