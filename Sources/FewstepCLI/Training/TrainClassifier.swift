import ArgumentParser
import Fewstep

struct TrainClassifier: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-classifier", abstract: "Train a classifier: a reward, or the feature network of an evaluation.",
    discussion: "Example:  fewstep train-classifier recipes/fashion-mnist/reward.yaml")

  @OptionGroup var arguments: PretrainingArguments

  func run() throws {
    let (_, training, test) = try arguments.train(ClassifierTask.self)
    guard let test else { return }
    print(
      "accuracy on \(test.count) samples that were not trained on: \(brief(try training.task.accuracy(on: test)))")
  }
}
