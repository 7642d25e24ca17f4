import Fewstep
import Files
import Foundation
import Tensors

/// Makes diffusers sample a student as it was trained: with LCMScheduler, which re-noises between steps, and with the
/// student's times, which each call has to pass.
struct FewStepScheduler {
  let steps: [Double]

  /// Replaces a pipeline's scheduler, and adds a README with the call.
  func write(into pipeline: String) throws {
    let index = "\(pipeline)/model_index.json"
    let config = "\(pipeline)/scheduler/scheduler_config.json"
    guard case .object(var components) = try JSONValue.read(index), case .object(let old) = try JSONValue.read(config)
    else { throw Failure(.malformed, at: index, expected: "a JSON object", got: "something else") }
    components["scheduler"] = ["diffusers", "LCMScheduler"]
    var scheduler: [String: JSONValue] = ["_class_name": "LCMScheduler", "timestep_spacing": "leading"]
    for key in ["num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type"] {
      scheduler[key] = old[key]
    }
    scheduler["clip_sample"] = false
    scheduler["set_alpha_to_one"] = false
    let count = if case .integer(let count)? = old["num_train_timesteps"] { count } else { 1000 }
    let times = steps.map { Int(($0 * Double(count)).rounded()) - 1 }
    // The scheduler's own list is the student's if that is evenly spaced; otherwise it contains every time.
    let isEven = zip(steps, evenTimes(steps.count)).allSatisfy { abs($0 - $1) < 1e-9 }
    scheduler["original_inference_steps"] = .integer(isEven ? steps.count : count)
    try AtomicFile.write(JSONValue.object(components).pretty(), to: index)
    try AtomicFile.write(JSONValue.object(scheduler).pretty(), to: config)
    let readme = """
      A \(steps.count)-step student, trained by Fewstep. With diffusers:

      ```python
      import torch
      from diffusers import DiffusionPipeline

      pipe = DiffusionPipeline.from_pretrained("path/to/this/folder", torch_dtype=torch.float16).to("cuda")
      image = pipe("a prompt", timesteps=\(times), num_inference_steps=\(times.count), guidance_scale=0).images[0]
      ```

      The times belong to the student: at others it has not been trained.

      """
    try AtomicFile.write(Data(readme.utf8), to: "\(pipeline)/README.md")
  }
}
