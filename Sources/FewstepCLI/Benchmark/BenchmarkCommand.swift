import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Make a benchmark's samples in its official layout, and score them.",
    discussion: """
      Of a run or a model the samples are made first, below OUTPUT/samples. Ctrl-C loses none that is finished: the same
      command goes on. Of a folder of samples only the scores are computed.

      Example:  fewstep benchmark hpsv2 runs/amd --prompts HPDv2/benchmark --weights HPS.pt --tokenizer clip/
                fewstep benchmark compare runs/amd/benchmarks/hpsv2 runs/dmd2/benchmarks/hpsv2
      """,
    subcommands: [
      BenchmarkHPSv2.self, BenchmarkGenEval.self, BenchmarkDPG.self, BenchmarkVBench.self, BenchmarkCOCO.self,
      BenchmarkCompare.self,
    ])
}
