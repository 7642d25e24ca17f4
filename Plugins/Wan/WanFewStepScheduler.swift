import Fewstep
import Files
import Foundation
import Tensors

/// Makes diffusers sample a student as it was trained: with FlowMatchEulerDiscreteScheduler, which re-noises between steps if it is
/// told to, and with the student's noise levels, which each call has to pass.
struct WanFewStepScheduler {
  let steps: [Double]
  /// The recipe's; nil is the model's own.
  let shift: Double?

  /// Replaces a pipeline's scheduler, and adds a README with the call.
  func write(into pipeline: String) throws {
    let index = "\(pipeline)/model_index.json"
    let config = "\(pipeline)/scheduler/scheduler_config.json"
    guard case .object(var components) = try JSONValue.read(index) else {
      throw Failure(.malformed, at: index, expected: "a JSON object", got: "something else")
    }
    let (flow, _) = try RectifiedFlow.reading(ModelConfig(config), shift: shift)
    components["scheduler"] = ["diffusers", "FlowMatchEulerDiscreteScheduler"]
    // The levels are given whole: no shift is applied to them once more.
    let scheduler: JSONValue = .object([
      "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 1,
      "stochastic_sampling": true, "use_dynamic_shifting": false,
    ])
    try write(.object(components), to: index)
    try write(scheduler, to: config)
    let levels = steps.map { (flow.sigma($0) * 1e6).rounded() / 1e6 }
    let readme = """
      A \(steps.count)-step student, trained by Fewstep. With diffusers:

      ```python
      import torch
      from diffusers import WanPipeline
      from diffusers.utils import export_to_video

      pipe = WanPipeline.from_pretrained("path/to/this/folder", torch_dtype=torch.bfloat16).to("cuda")
      levels = \(levels)
      set_timesteps = pipe.scheduler.set_timesteps
      pipe.scheduler.set_timesteps = lambda *_, device, **__: set_timesteps(sigmas=levels, device=device)
      video = pipe("a prompt", num_inference_steps=\(levels.count), guidance_scale=1).frames[0]
      export_to_video(video, "video.mp4", fps=16)
      ```

      The noise levels belong to the student: at others it has not been trained.

      """
    try AtomicFile.write(Data(readme.utf8), to: "\(pipeline)/README.md")
  }

  private func write(_ value: JSONValue, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(value), to: path)
  }
}
