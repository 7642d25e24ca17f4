import ArgumentParser
import Fewstep
import Files
import Foundation
import Reports
import Tensors

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a recipe takes before it runs: memory by role, disk, hours.",
    discussion: """
      One step runs on shapes alone, forward and backward, so memory and operations are counted. No weights are read, of a
      pretrained model the configs are enough. With --device it says which settings make the step fit.

      Example:  fewstep plan recipes/sdxl/amd-4step-lora.yaml --device rtx4090
                fewstep plan recipes/wan/dmd-4step.yaml --processes 8 --set training.micro-batches=8 --device h100

      Hours are the operations at a share of the speed that the device's maker states (--efficiency); `fewstep run --profile`
      measures the share. Memory is the tensors'; the driver and libtorch's libraries take about 1 GB more.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The device to plan for: rtx3090, rtx4090, l40s, a100-40gb, a100, h100, h200, b200; by default all.")
  var device: String?
  @Option(help: "The share of the device's speed that is reached.") var efficiency = 0.35
  @Option(help: "The processes that train together: memory and operations are those of one of them.") var processes = 1
  @Option(help: "Processes, and GPUs, in one machine.") var perNode = 8
  @Option(help: "Gigabytes a second that each process can send to another machine: 50 is 400 Gbit/s.") var network =
    50.0
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard 1...100_000 ~= processes, perNode >= 1, network > 0 else {
      throw ValidationError("--processes, --per-node and --network: expected numbers above 0")
    }
    guard efficiency > 0, efficiency <= 1 else {
      throw ValidationError("--efficiency: expected a number above 0 and up to 1, got \(efficiency)")
    }
  }

  private struct Result: Encodable {
    struct Fit: Encodable {
      let device: Accelerator
      let fits: Bool
      let secondsPerStep: Double
      let communicationSeconds: Double
      let hours: Double
    }
    let plan: RunPlan
    let devices: [Fit]
    let proposals: [RunPlan.Proposal]
  }

  func run() throws {
    let devices = try device.map { [try Accelerator(named: $0)] } ?? Accelerator.known
    let catalog = ProgramPlugins.catalog
    let node = { try Recipe.node(arguments.recipe, overrides: arguments.overrides + $0) }
    let plan = try RunPlan(node([]), catalog: catalog, processes: processes)
    var proposals = [RunPlan.Proposal]()
    if device != nil, let bytes = devices.first?.usable, plan.peak > bytes {
      proposals = try plan.proposals(fitting: bytes, catalog: catalog, node)
    }
    let fits = devices.map { device in
      let seconds = plan.seconds(on: device, efficiency: efficiency)
      return Result.Fit(
        device: device, fits: plan.peak <= device.usable, secondsPerStep: seconds,
        communicationSeconds: plan.communicationSeconds(on: device, perNode: perNode, network: network * 1e9),
        hours: seconds * Double(plan.steps) / 3600)
    }
    let result = Result(plan: plan, devices: fits, proposals: proposals)
    try printResult(result, json: json, text(result))
  }

  private func text(_ result: Result) throws -> String {
    let plan = result.plan
    let roles = try Table(
      columns: ["role", "parameters", "trained", "weights", "gradients", "moments", "average"],
      rows: plan.roles.map { role in
        [.text(role.name), .integer(role.parameters), .integer(role.trained)]
          + [role.weights, role.gradients, role.moments, role.average].map { .text(room($0)) }
      })
    let devices = try Table(
      columns: ["device", "tensors' room", "fits", "seconds a step"] + (processes > 1 ? ["sending"] : []) + ["hours"],
      rows: result.devices.map { fit in
        [
          .text(fit.device.name), .text(room(fit.device.usable)), .text(fit.fits ? "yes" : "no"),
          .number(fit.secondsPerStep),
        ] + (processes > 1 ? [.number(fit.communicationSeconds)] : []) + [.number(fit.hours)]
      })
    let most = plan.parts.map(\.peakBytes).max()
    let highest = plan.parts.filter { $0.peakBytes == most }.max { $0.path.count < $1.path.count }
    var lines = [
      "a step: \(plan.samples) samples in micro-batches of \(plan.microBatchSize), \(brief(plan.operations / 1e12)) TFLOP"
        + (processes > 1 ? " in each of \(processes) processes, which sends \(room(Int(plan.sentBytes)))" : ""),
      "",
      roles.text,
      "", "frozen teacher, decoder, rewards   \(room(plan.frozen))",
      "on the device between steps        \(room(plan.resident))",
      "at most                            \(room(plan.peak)), in: \((highest?.path ?? []).joined(separator: " > "))",
      "a checkpoint                       \(room(plan.checkpoint)); \(room(plan.disk)) for all that are kept", "",
      devices.text,
    ]
    if plan.leavesOutReward { lines.append("\nnote: the reward's files are not there: its networks are left out") }
    if let device, result.devices.first?.fits == false {
      lines += [""] + advice(result.proposals, device, result.devices[0].device.usable)
    }
    return lines.joined(separator: "\n")
  }

  private func advice(_ proposals: [RunPlan.Proposal], _ device: String, _ bytes: Int) -> [String] {
    let tried = proposals.map { "  \(room($0.peak)) with " + $0.settings.map { "--set \($0)" }.joined(separator: " ") }
    guard let last = proposals.last, last.peak <= bytes else {
      return ["Too large for \(device), whatever was tried:"] + tried
        + ["Take a smaller size, or a device with more memory."]
    }
    return ["Too large for \(device). It fits with the last of these:"] + tried
  }
}

/// "512 MB", "18.3 GB"
func room(_ bytes: Int) -> String {
  bytes < 1_000_000_000 ? "\(brief(Double(bytes) / 1e6)) MB" : "\(brief(Double(bytes) / 1e9)) GB"
}
