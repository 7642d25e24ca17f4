import Networks
import Tensors

/// The one way from a recipe to its model family and its roles, for training and for everything after it.
extension Recipe {
  /// The model family, with its files opened; the roles' networks are made on demand.
  ///
  /// - Throws: `Failure` if the device is not available, and the errors of the family's plugin.
  public func openedBackbone() throws -> any Backbone {
    if let threads { try Runtime.setThreads(threads) }
    if let absence = device.absence { throw Failure(self, "device", absence) }
    return try TrainingComponents.fitting("backbone", self) { try backbone(PluginContext(device: device, seed: seed)) }
  }

  /// The student before training, with its adapters if it has any.
  ///
  /// - Throws: `Failure` if no layer matches a name in `student.lora.layers`.
  public func newStudent(_ backbone: any Backbone) throws -> any Student {
    let made = try backbone.trainable(.student, adapters: student.lora != nil, seed: seed)
    try prepare(made.parameters, as: "student", student, seed: seed)
    return made
  }

  /// The fake teacher before training, likewise.
  public func newFakeTeacher(_ backbone: any Backbone) throws -> any FakeTeacher {
    let seed = self.seed + 1
    let made = try backbone.trainable(.fakeTeacher, adapters: fakeTeacher.lora != nil, seed: seed)
    try prepare(made.parameters, as: "fake-teacher", fakeTeacher, seed: seed)
    return made
  }

  private func prepare(_ parameters: ParameterStore, as role: String, _ settings: RoleSettings, seed: Int)
    throws
  {
    do { try settings.apply(to: parameters, seed: seed) } catch let error as ParameterError {
      throw Failure(self, "\(role).lora.layers", "\(error)")
    }
  }
}
