import ArgumentParser
import Fewstep
import Files
import Foundation
import Reports
import Tensors

struct Field: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Plot the direction fields of a run in the plane: teacher, fake teacher, DMD and the objective.",
    discussion: """
      Example:  fewstep field runs/mixture-amd
                fewstep field runs/mixture-dmd --step 400 --step 800 --times 0.2,0.8 --prompt 1

      For runs in two dimensions. Writes to RUN/field: step-N.png for each checkpoint, with a row for each noise level, and
      animation.gif. Grey: the density of the teacher's samples; dots: the student's samples. Arrows, scaled in each panel:
      x̂0 - x of the teacher (guided) and of the fake teacher, DMD's difference of the two, and the step along the
      objective's gradient, with each point's reward compared to those of the student's samples. Each is a mean over 16
      noises.

      A run keeps its last 2 checkpoints by default: for a series, train with --set output.keep=100.
      """)

  @Argument(help: "A run folder.") var folder: String
  @Option(name: .customLong("step"), help: "A checkpoint, by its step; by default all. May be repeated.")
  var steps: [Int] = []
  @Option(help: "Noise levels between 0 and 1, separated by commas.") var times = "0.2,0.5,0.8"
  @Option(help: "The prompt, by its number.") var prompt = 0
  @Option(help: "The folder for the images; by default RUN/field.") var into: String?

  private func parsedTimes() throws -> [Double] {
    try times.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let time = Double(text.trimmingCharacters(in: .whitespaces)), time > 0, time < 1 else {
        throw ValidationError("--times \(times): expected numbers between 0 and 1, such as 0.2,0.5,0.8")
      }
      return time
    }
  }

  func validate() throws { _ = try parsedTimes() }

  func run() throws {
    let gnuplot = try Gnuplot()
    let opened = try FinishedRun(folder, step: steps.first)
    let there = opened.folder.checkpointSteps
    if let absent = steps.first(where: { !there.contains($0) }) {
      throw Failure(.missing, at: folder, "no checkpoint of step \(absent); there are: \(there)")
    }
    guard opened.backbone.isPlanar else {
      throw Failure(
        .malformed, at: folder,
        "samples are \(opened.backbone.medium) \(opened.backbone.sampleShape); a field can be drawn only for points of the plane, [2]"
      )
    }
    let prompts = opened.backbone.prompts.count
    guard (0..<prompts).contains(prompt) else {
      throw Failure(.usage, at: "--prompt \(prompt)", "there are \(prompts) prompts, 0 to \(prompts - 1)")
    }
    let target = into ?? "\(folder)/field\(prompt == 0 ? "" : "-prompt-\(prompt)")"
    do {
      try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    } catch {
      throw Failure(.io, at: target, "the folder cannot be made: \(error.localizedDescription)")
    }
    let components = try TrainingComponents(opened.recipe)
    let drawn = try FieldFigure(opened.recipe, components: components, prompt: prompt, times: parsedTimes())
    var figures = [Figure]()
    let chosen = steps.isEmpty ? there : Array(Set(steps)).sorted()
    let progress = Progress(total: chosen.count)
    for (index, step) in chosen.enumerated() {
      do {
        try Checkpoint.load(opened.folder.checkpoint(step), into: components)
      } catch let error as Failure where chosen.count > 1 {
        note("left out: \(error)")
        continue
      }
      let figure = try drawn.figure(step: step)
      try AtomicFile.write(try gnuplot.png(figure), to: "\(target)/step-\(step).png")
      figures.append(figure)
      progress.update(index + 1, "step \(step)")
    }
    if figures.count > 1 { try AtomicFile.write(try gnuplot.gif(figures), to: "\(target)/animation.gif") }
    note("field: \(target)")
  }
}
