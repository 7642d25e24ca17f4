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
  /// Of the videos that it was trained on: "height=480, width=832, num_frames=81".
  let size: String

  /// Replaces a pipeline's scheduler, and adds a README with the call.
  func write(into pipeline: String) throws {
    let index = "\(pipeline)/model_index.json"
    let config = "\(pipeline)/scheduler/scheduler_config.json"
    guard case .object(var components) = try JSONValue.read(index) else {
      throw Failure(.malformed, at: index, expected: "a JSON object", got: "something else")
    }
    let flow = RectifiedFlow(shift: try shift ?? WanScheduler(ModelConfig(config)).shift)
    let levels = steps.map { (flow.sigma($0) * 1e6).rounded() / 1e6 }
    components["scheduler"] = ["diffusers", "FlowMatchEulerDiscreteScheduler"]
    // The levels are given whole: no shift is applied to them once more.
    let scheduler: JSONValue = .object([
      "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 1,
      "stochastic_sampling": true, "use_dynamic_shifting": false,
      // diffusers has no key for a list of levels; it reads nothing that begins so.
      "_student_sigmas": .array(levels.map { .number($0) }),
    ])
    try AtomicFile.write(JSONValue.object(components).pretty(), to: index)
    try AtomicFile.write(scheduler.pretty(), to: config)
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
      video = pipe("a prompt", \(size), num_inference_steps=\(levels.count), guidance_scale=1).frames[0]
      export_to_video(video, "video.mp4", fps=16)
      ```

      The noise levels belong to the student: at others it has not been trained.

      """
    try AtomicFile.write(Data(readme.utf8), to: "\(pipeline)/README.md")
  }
}
