import Files

/// A folder with a denoiser alone, in another layout than diffusers'.
public struct ExchangeFolder {
  /// A tensor's name there.
  public var rename: (String) -> String
  /// The config.json there, made of diffusers'.
  public var config: ([String: JSONValue]) throws -> JSONValue

  public init(rename: @escaping (String) -> String, config: @escaping ([String: JSONValue]) throws -> JSONValue) {
    (self.rename, self.config) = (rename, config)
  }
}

/// The layout in which a family's students are written for other programs.
public struct ExchangeLayout {
  /// The denoiser's folder: "unet", "transformer".
  public var component: String
  /// Formats of adapter files, by name: "peft".
  public var adapters: [String: AdapterFormat]
  /// Other folders of the denoiser alone, by the name of the format: "original".
  public var folders: [String: ExchangeFolder]
  /// Completes a whole pipeline's folder so that it samples at the student's times: its scheduler, and a README with
  /// the call. `settings` are those of the recipe's `backbone` section.
  public var finish: (_ pipeline: String, _ steps: [Double], _ settings: [String: String]) throws -> Void

  public init(
    component: String, adapters: [String: AdapterFormat], folders: [String: ExchangeFolder] = [:],
    finish: @escaping (_ pipeline: String, _ steps: [Double], _ settings: [String: String]) throws -> Void
  ) {
    self.component = component
    self.adapters = adapters
    self.folders = folders
    self.finish = finish
  }
}
