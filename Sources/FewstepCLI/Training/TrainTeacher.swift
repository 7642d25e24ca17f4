import ArgumentParser
import Fewstep

struct TrainTeacher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-teacher", abstract: "Train a many-step teacher from scratch, on real data.",
    discussion: "Example:  fewstep train-teacher recipes/fashion-mnist/teacher.yaml --set training.steps=100")

  @OptionGroup var arguments: PretrainingArguments

  func run() throws { _ = try arguments.train(DenoiserTask.self) }
}
