import Files
import Tensors

/// Noise-image pairs: recorded noises, and the samples that the teacher's deterministic sampler makes from them.
/// Datasets "noise" and "samples" [N, ...], "prompts" int64 [N].
public final class ODEPairs {
  private let noise: Tensor
  private let samples: Tensor
  private let prompts: [Int]
  public var count: Int { prompts.count }

  /// - Throws: `Failure` naming the file and the dataset, and if another backbone made it.
  public init(_ path: String, for backbone: any Backbone) throws {
    let file = try HDF5File.open(path)
    noise = try file.read("noise")
    samples = try file.read("samples")
    prompts = try file.read("prompts").integers()
    guard noise.shape == samples.shape, noise.shape.first == prompts.count else {
      throw Failure(
        .malformed, at: path, expected: "as many noises, samples and prompts",
        got: "\(noise.shape), \(samples.shape), \(prompts.count)", advice: Self.advice)
    }
    guard noise.shape.dropFirst() == backbone.sampleShape[...], prompts.allSatisfy(backbone.prompts.indices.contains)
    else {
      throw Failure(
        .malformed, at: path, expected: "samples \(backbone.sampleShape) of \(backbone.prompts.count) prompts",
        got: "\(Array(noise.shape.dropFirst())), prompts up to \(prompts.max() ?? 0)", advice: Self.advice)
    }
    let wanted = Fingerprint(backbone.metadata)
    let differences = try file.fingerprint("backbone").restricted(to: wanted).differences(from: wanted)
    guard differences.isEmpty else {
      throw Failure(
        .malformed, at: path, "it was made by another backbone: \(differences.joined(separator: "; "))",
        advice: Self.advice)
    }
  }

  private static let advice = "Make pairs with this recipe: `fewstep pairs RECIPE --output FILE`."

  package func batch(_ positions: [Int], _ backbone: any Backbone) throws -> (
    noise: Tensor, samples: Tensor, condition: Condition
  ) {
    let index = try Tensor(positions)
    return (
      try noise.selected(index).to(backbone.device), try samples.selected(index).to(backbone.device),
      try backbone.condition(positions.map { prompts[$0] })
    )
  }

  /// Makes `count` pairs with `steps` steps of a sampler, batch by batch, straight into the file.
  public static func make(
    _ path: String, count: Int, steps: Int, sampler: SamplerKind = .ddim, batch: Int, guidance: Guidance, seed: Int,
    backbone: any Backbone,
    teacher: any Teacher, progress: (Int) -> Void
  ) throws {
    let stream = Noise(seed: seed).stream("pairs", step: 0)
    let chosen = Noise(seed: seed).stream("pairs' prompts", step: 0).integers(0..<count, below: backbone.prompts.count)
    try HDF5File.write(to: path) { file in
      let layout = HDF5Layout(chunk: [min(batch, count)] + backbone.sampleShape, checksum: true)
      let noises = try file.createRows("noise", rowShape: backbone.sampleShape, dtype: .float32, layout: layout)
      let samples = try file.createRows("samples", rowShape: backbone.sampleShape, dtype: .float32, layout: layout)
      try file.write(Tensor(chosen), to: "prompts")
      try file.setAttribute("sampler", .string(sampler.rawValue))
      try file.setAttribute("steps", .integer(Int64(steps)))
      try file.setAttribute("guidance", .number(guidance.scale))
      try file.setFingerprint(Fingerprint(backbone.metadata), as: "backbone")
      for start in stride(from: 0, to: count, by: batch) {
        let range = start..<min(start + batch, count)
        let noise = try stream.normal(range, backbone.sampleShape, on: backbone.device)
        let condition = try backbone.condition(Array(chosen[range]))
        let made = try noGrad {
          try sampler.sampler.sample(noise, times: teacher.schedule.samplingTimes(steps), schedule: teacher.schedule) {
            x, time in
            try teacher.guided(
              from: x, at: .full([range.count], time, .float64), given: condition,
              unconditional: backbone.unconditional, guidance: guidance)
          }
        }
        try noises.append(noise)
        try samples.append(made)
        progress(range.upperBound)
      }
    }
  }
}
