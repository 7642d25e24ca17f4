import ArgumentParser
import Fewstep
import Foundation
import Reports

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
    let run = try FinishedRun(folder, step: steps.first)
    let series = try FieldSeries(run, steps: steps, prompt: prompt, times: parsedTimes())
    let target = into ?? "\(folder)/field\(prompt == 0 ? "" : "-prompt-\(prompt)")"
    let progress = Progress(total: series.steps.count)
    try series.write(to: target, gnuplot, note: note) { progress.update($0, "step \($1)") }
    note("field: \(target)")
  }
}
