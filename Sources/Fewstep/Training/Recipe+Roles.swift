import Networks
import Tensors

/// The one way from a recipe to its model family and its roles, for training and for looking at what has been trained.
extension Recipe {
  /// The model family, with its files opened; the roles' networks are made when they are asked for.
  ///
  /// - Throws: `CastError` where the device is not there, and what the family's plugin throws.
  public func openedBackbone() throws -> any Backbone {
    if let threads { try Runtime.setThreads(threads) }
    if let absence = device.absence { throw CastError(self, "device", absence) }
    return try TrainingComponents.fitting("backbone", self) { try backbone(PluginContext(device: device, seed: seed)) }
  }

  /// The student as it begins to train, with its adapters where it has some.
  ///
  /// - Throws: `CastError` where no layer has a name that `student.lora.layers` gives.
  public func newStudent(_ backbone: any Backbone) throws -> any Student {
    let made = try backbone.trainable(.student, adapters: student.lora != nil, seed: seed)
    try prepare(made.parameters, as: "student", student, seed: seed)
    return made
  }

  /// The fake teacher, likewise.
  public func newFakeTeacher(_ backbone: any Backbone) throws -> any FakeTeacher {
    let seed = self.seed + 1
    let made = try backbone.trainable(.fakeTeacher, adapters: fakeTeacher.lora != nil, seed: seed)
    try prepare(made.parameters, as: "fake-teacher", fakeTeacher, seed: seed)
    return made
  }

  private func prepare(_ parameters: ParameterStore, as role: String, _ settings: OptimizationSettings, seed: Int)
    throws
  {
    do { try settings.apply(to: parameters, seed: seed) } catch let error as ParameterError {
      throw CastError(self, "\(role).lora.layers", "\(error)")
    }
  }
}
