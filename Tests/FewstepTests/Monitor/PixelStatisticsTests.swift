import Files
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import PixelUNet

@Suite struct PixelStatisticsTests {
  @Test func `Brightness and the white share are those of the pixels, part by part`() throws {
    let stage = try Stage.images()
    // Pixels are samples / 2 + 1/2, clipped to 0...1: half black, a quarter white, a quarter grey.
    let row = try Tensor([-1, -1, -3, -1.5, 1, 2, 0, 0].map { Float($0) })
    let samples = try concatenated(Array(repeating: row, count: 8 * 5)).reshaped([5, 1, 8, 8])
    let whole = try #require(try statistics(samples, stage.backbone, part: 5))
    let parts = try #require(try statistics(samples, stage.backbone, part: 2))
    for statistics in [whole, parts] {
      #expect(Swift.abs(statistics.brightness - (0.25 + 0.25 * 0.5)) < 1e-6)
      #expect(statistics.white == 0.25)
    }
    let grey = try #require(try statistics(samples * 0, stage.backbone, part: 5))
    #expect(
      whole.saturation(over: grey) == 125 && grey.saturation(over: whole) == 0 && whole.saturation(over: whole) == 1)
    #expect(PixelStatistics.Sums().means == nil)
  }

  private func statistics(_ samples: Tensor, _ backbone: any Backbone, part: Int) throws -> PixelStatistics? {
    var sums = PixelStatistics.Sums()
    for start in stride(from: 0, to: 5, by: part) {
      if let pixels = try backbone.pixels(samples.rows(start..<min(start + part, 5))) { try sums.add(pixels) }
    }
    return sums.means
  }

  @Test func `A student whose images go white is warned of, with which way they went`() throws {
    let scratch = try Scratch()
    let architecture = Architecture(
      image: [1, 8, 8], classes: 3, patch: 1, channels: 8, multipliers: [1, 2], heads: 2, groups: 4)
    let store = ParameterStore(.random(seed: 4))
    _ = try PixelDenoiser(architecture, store)
    try Safetensors.write(store.state, metadata: architecture.metadata, to: scratch.path("teacher.safetensors"))
    let recipe = try shortRecipe(
      [
        "backbone": "{kind: pixel-unet, teacher: \(scratch.path("teacher.safetensors"))}", "data": "null",
        "reward": "null", "training.batch": "8",
        "monitor": "{every: 1, samples: 12, teacher-steps: 2, ignore-first-steps: 0, brightness: 0.2, saturation: 2}",
      ], objective: "dmd")
    let components = try TrainingComponents(recipe)
    let monitor = try #require(try Monitor(recipe, components: components))
    // The flow's constant output moves every pixel from noise to white.
    let bias = try #require(components.student.parameters["conv_out.bias"])
    #expect(try monitor.evaluate(step: 1, progress: { _, _ in }).warnings.isEmpty)
    try noGrad { try bias.value.copy(from: .full(bias.value.shape, -9, .float32)) }
    var warnings = [Warning]()
    for step in 2...3 { warnings += try monitor.evaluate(step: step, progress: { _, _ in }).warnings }
    let kinds = warnings.map(\.kind)
    #expect(kinds.contains(.brightness) && kinds.contains(.saturation), "\(warnings)")
    #expect(warnings.first { $0.kind == .brightness }?.detail == "brighter")
    #expect(warnings.first { $0.kind == .saturation }?.description.contains("matching.steps") == true)
  }
}
