import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Make a benchmark's samples in its official layout, and score them.",
    discussion: """
      Of a run or a model the samples are made first, below OUTPUT/samples. Ctrl-C loses none that is finished: the same
      command goes on. Of a folder of samples only the scores are computed.

      Example:  fewstep benchmark hpsv2 runs/sdxl-amd-4step --prompts HPDv2/benchmark \\
                  --weights HPS_v2.1_compressed.pt --tokenizer models/sdxl/tokenizer
      """,
    subcommands: [BenchmarkHPSv2.self, BenchmarkVBench.self])
}
