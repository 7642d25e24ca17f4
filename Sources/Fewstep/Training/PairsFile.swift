import Storage
import Tensors

/// Noise-image pairs: what the teacher's deterministic sampler makes of recorded noises. Datasets "noise" and "samples"
/// [N, ...], "prompts" int64 [N].
public final class PairsFile {
  private let noise: Tensor
  private let samples: Tensor
  private let prompts: [Int]
  public var count: Int { prompts.count }

  /// - Throws: `StorageError` naming the file and the dataset.
  public init(_ path: String) throws {
    let file = try HDF5File.open(path)
    noise = try file.read("noise")
    samples = try file.read("samples")
    prompts = try file.read("prompts").integers()
    guard noise.shape == samples.shape, noise.shape.first == prompts.count else {
      throw StorageError(
        .malformed, at: path, expected: "as many noises, samples and prompts",
        got: "\(noise.shape), \(samples.shape), \(prompts.count)", advice: "Make it anew with `fewstep pairs`.")
    }
  }

  func batch(_ positions: [Int], _ backbone: any Backbone) throws -> (
    noise: Tensor, samples: Tensor, condition: Condition
  ) {
    let index = try Tensor(positions)
    return (
      try noise.selected(index).to(backbone.device), try samples.selected(index).to(backbone.device),
      try backbone.condition(positions.map { prompts[$0] })
    )
  }

  /// Makes `count` pairs by DDIM in `steps` steps, batch by batch, straight into the file.
  public static func make(
    _ path: String, count: Int, steps: Int, batch: Int, guidance: Guidance, seed: Int, backbone: any Backbone,
    teacher: any Teacher, progress: (Int) -> Void
  ) throws {
    let stream = Noise(seed: seed).stream("pairs", step: 0)
    let chosen = Noise(seed: seed).stream("pairs' prompts", step: 0).integers(0..<count, below: backbone.prompts.count)
    try HDF5File.write(to: path) { file in
      let layout = HDF5Layout(chunk: [min(batch, count)] + backbone.sampleShape)
      let noises = try file.createRows("noise", rowShape: backbone.sampleShape, dtype: .float32, layout: layout)
      let samples = try file.createRows("samples", rowShape: backbone.sampleShape, dtype: .float32, layout: layout)
      try file.write(Tensor(chosen), to: "prompts")
      try file.setAttribute("steps", .integer(Int64(steps)))
      try file.setAttribute("guidance", .number(guidance.scale))
      for start in stride(from: 0, to: count, by: batch) {
        let range = start..<min(start + batch, count)
        let noise = try stream.normal(range, backbone.sampleShape, on: backbone.device)
        let condition = try backbone.condition(Array(chosen[range]))
        let made = try noGrad {
          try DDIM().sample(noise, times: evenTimes(steps), schedule: teacher.schedule) { x, time in
            try teacher.guidedClean(
              from: x, at: .full([range.count], time, .float64), given: condition, guidance: guidance)
          }
        }
        try noises.append(noise)
        try samples.append(made)
        progress(range.upperBound)
      }
    }
  }
}
