import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Generate a benchmark's samples in its official layout and score them.",
    discussion: """
      For a run or a model, the samples are generated first, in samples/ of that folder or of --into. Ctrl-C keeps finished samples; run the same
      command again to continue. For a folder of samples, only the scores are computed.

      Example:  fewstep benchmark hpsv2 runs/amd --prompts HPDv2/benchmark --weights HPS.pt --tokenizer clip/
                fewstep benchmark compare runs/amd/benchmarks/hpsv2 runs/dmd2/benchmarks/hpsv2
      """,
    subcommands: [
      BenchmarkHPSv2.self, BenchmarkGenEval.self, BenchmarkDPG.self, BenchmarkVBench.self, BenchmarkCOCO.self,
      BenchmarkCompare.self,
    ])
}
