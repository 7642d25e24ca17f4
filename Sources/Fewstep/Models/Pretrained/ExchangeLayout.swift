/// The layout in which a family's students are written for other programs.
public struct ExchangeLayout {
  /// The denoiser's folder: "unet", "transformer".
  public var component: String
  /// Formats of adapter files, by name: "peft".
  public var adapters: [String: AdapterFormat]
  /// Completes a whole pipeline's folder so that it samples at the student's times: its scheduler, and a README with
  /// the call.
  public var finish: (_ pipeline: String, _ steps: [Double]) throws -> Void

  public init(
    component: String, adapters: [String: AdapterFormat],
    finish: @escaping (_ pipeline: String, _ steps: [Double]) throws -> Void
  ) {
    self.component = component
    self.adapters = adapters
    self.finish = finish
  }
}
