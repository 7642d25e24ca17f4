import Fewstep
import Networks
import Tensors

extension ObjectiveChecks {
  func losses() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    for (name, loss) in try both(stage) {
      for (term, value) in [("loss", try loss.checked(name).total)] + loss.terms {
        let number = try value.detached().item()
        if !number.isFinite { return ["\(name): \(term) is \(number)"] }
      }
    }
    return []
  }

  func gradients() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    let trainable = stage.stores.map { $0.parameters.trainable.count }
    var messages = [String]()
    // In both losses the samples have their graph, so the fake teacher's loss must cut it.
    for (name, wanted) in [("studentLoss", "student"), ("fakeTeacherLoss", "fake teacher")] {
      let scene = try stage.scene(stage.samples())
      let isStudent = wanted == "student"
      try (isStudent ? stage.objective.studentLoss(scene) : stage.objective.fakeTeacherLoss(scene)).total.backward()
      for (role, store) in stage.stores {
        let reached = store.all.filter { $0.value.gradient != nil }
        if role == wanted, reached.isEmpty { messages.append("\(name) sends no gradient to the \(role)") }
        let isAllowed = role == wanted || (!isStudent && role == "objective's own")
        if !isAllowed, let first = reached.first {
          messages.append(
            "\(name) sends gradients to the \(role) parameters, such as '\(first.name)': detach what they make")
        }
        for parameter in store.all { try parameter.value.setGradient(nil) }
      }
    }
    if stage.stores.map({ $0.parameters.trainable.count }) != trainable {
      messages.append("parameters are trainable that were not before, or the other way round")
    }
    return messages
  }

  func rest() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    stage.teachersAgree = true
    stage.matching = Matching()
    let moved = try update(stage).map(abs).max() ?? 0
    return moved < 1e-6 ? [] : ["teachers that agree still move samples: the largest gradient is \(moved), expected 0"]
  }

  func batch() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    let samples = try stage.samples()
    let whole = try both(stage, samples)
    // Each call has its own objective, so that no state carries over.
    let halves = try stage.halves.map { try both(ObjectiveTestBench(make), samples, $0) }
    return try whole.indices.compactMap { index in
      let expected = try whole[index].loss.total.detached().item()
      let mean = try halves.reduce(0) { try $0 + $1[index].loss.total.detached().item() / 2 }
      return isClose(mean, expected, 1e-4)
        ? nil
        : "\(whole[index].name) of a batch is \(expected), the mean over its halves \(mean): use `groupMean` or `overBatch` "
          + "for what depends on more than the sample"
    }
  }

  func units() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    let expected = try update(stage)
    let other = try ObjectiveTestBench(make)
    other.unit = 8
    let size = expected.map(abs).max() ?? 0
    let worst = zip(expected, try update(other)).map { abs($0 - $1) }.max() ?? 0
    return worst <= 1e-3 * size
      ? [] : ["with samples 8 times as large, an update of \(size) changes by \(worst): divide directions by `scale`"]
  }

  func placement() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    let here = try both(stage)
    var messages = misplaced(here, .cpu)
    if Device.cudaCount > 0 {
      let there = try both(ObjectiveTestBench(make, on: .cuda(0)))
      messages += misplaced(there, .cuda(0))
      for (a, b) in zip(here, there) {
        let (a, b) = (try a.loss.total.detached().item(), try b.loss.total.detached().item())
        if !isClose(a, b, 1e-3) { messages.append("a loss is \(a) on the CPU and \(b) on the GPU") }
      }
    }
    return messages
  }

  func resume() throws -> [String] {
    let stage = try ObjectiveTestBench(make)
    let optimizer = try AdamW(
      stage.fakeTeacher.parameters.trainable + (stage.objective.parameters?.trainable ?? []),
      AdamW.Settings(learningRate: 1e-2))
    for step in 0..<2 {
      try stage.objective.studentLoss(stage.scene(stage.samples(step: step), step: step)).total.backward()
      for (_, store) in stage.stores { for parameter in store.all { try parameter.value.setGradient(nil) } }
      try stage.objective.fakeTeacherLoss(stage.scene(stage.samples(step: step), step: step)).total.backward()
      try optimizer.step()
    }
    let resumed = try ObjectiveTestBench(make)
    for ((_, old), (_, new)) in zip(stage.stores, resumed.stores) { try new.load { old[$0]?.value } }
    return try zip(both(stage, step: 2), both(resumed, step: 2)).compactMap { old, new in
      let (a, b) = (try old.loss.total.detached().item(), try new.loss.total.detached().item())
      return a == b
        ? nil : "\(old.name) is \(a), and \(b) after its parameters were saved and restored: it keeps other state"
    }
  }

  // MARK: -

  private func both(_ stage: ObjectiveTestBench, _ samples: Tensor? = nil, _ range: Range<Int>? = nil, step: Int = 0)
    throws
    -> [(name: String, loss: Loss)]
  {
    let samples = try samples ?? stage.samples(step: step)
    return [
      ("studentLoss", try stage.objective.studentLoss(stage.scene(samples, step: step, range))),
      ("fakeTeacherLoss", try stage.objective.fakeTeacherLoss(stage.scene(samples.detached(), step: step, range))),
    ]
  }

  /// The gradient of the student's loss for each number of each sample.
  private func update(_ stage: ObjectiveTestBench) throws -> [Double] {
    let leaves = try stage.leaves()
    try stage.objective.studentLoss(stage.scene(leaves)).total.backward()
    return try leaves.gradient?.doubles() ?? []
  }

  private func misplaced(_ losses: [(name: String, loss: Loss)], _ device: Device) -> [String] {
    losses.flatMap { name, loss in
      ([("loss", loss.total)] + loss.terms).compactMap { term, value in
        value.dtype == .float32 && value.device == device
          ? nil : "\(name): \(term) is \(value.dtype.name) on \(value.device), samples are float32 on \(device)"
      }
    }
  }

  private func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
    abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-3)
  }
}
