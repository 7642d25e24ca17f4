import ArgumentParser
import Fewstep
import Processes
import Tensors

struct Pairs: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write pairs of noise and the teacher's sample, for DMD's regression loss.",
    discussion: """
      Example:  fewstep pairs recipes/fashion-mnist/dmd-1step.yaml --output pairs.h5 --count 2000
      Then:     fewstep run recipes/fashion-mnist/dmd-1step.yaml --set training.pairs=pairs.h5 --set objective.regression-weight=0.25
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The file to write (HDF5).") var output: String
  @Option(help: "How many pairs.") var count = 1000
  @Option(help: "Steps of the teacher's sampler.") var steps = 50
  @Option(help: "The teacher's sampler: ddim, heun (two evaluations a step), dpm++ or unipc; by default the family's.")
  var sampler: SamplerKind?
  @Option(help: "How many samples are generated at once; by default as many as the recipe trains at once.")
  var batch: Int?

  func validate() throws {
    try require("--count", count, in: Limits.samples)
    try require("--steps", steps, in: Limits.samplerSteps)
    try require("--batch", batch, in: Limits.samples)
  }

  func run() throws {
    let recipe = try arguments.load()
    if let threads = recipe.threads { try Runtime.setThreads(threads) }
    let backbone = try recipe.backbone(PluginContext(device: recipe.device, seed: recipe.seed))
    let progress = Progress(total: count)
    Signals.listen()
    try interruptible(by: { try Signals.check("stopped while making pairs; nothing was written") }) {
      try ODEPairs.make(
        output, count: count, steps: steps, sampler: sampler ?? backbone.sampler,
        batch: batch ?? recipe.training.microBatchSize,
        guidance: recipe.matching.guidance, seed: recipe.seed, backbone: backbone,
        teacher: backbone.teacher(for: sampler ?? backbone.sampler)
      ) { progress.update($0, "pairs, \(steps) steps each") }
    }
    note("pairs: \(output)")
  }
}

extension SamplerKind: ExpressibleByArgument {}
