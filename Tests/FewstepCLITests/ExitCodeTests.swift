import Fewstep
import Files
import Foundation
import Processes
import Tensors
import TestSupport
import Testing

@testable import FewstepCLI

@Suite struct ExitCodeTests {
  private struct Unheard: Error {}

  @Test func `The documentation lists the exit codes that --help lists`() throws {
    let page = try String(contentsOfFile: "\(Repository.root)/docs/run-folder.md", encoding: .utf8)
    let section = try #require(page.split(separator: "## Exit codes").last)
    let documented = section.matches(of: #/\n\| (\d+) \|/#).map { String($0.1) }
    let help = FewstepCommand.configuration.discussion
    let listed = try #require(help.split(separator: "Exit codes:").last).matches(of: #/\b(\d+) \w/#).map {
      String($0.1)
    }
    #expect(documented == ["0", "1", "64", "65", "66", "70", "74", "75", "76"])
    #expect(Set(listed).isSuperset(of: documented))
  }

  @Test func `Each kind of failure is its exit code, and an error that knows none is a bug: 70, not diff's 1`() {
    for (kind, code) in [(.usage, 64), (.malformed, 65), (.missing, 66), (.software, 70), (.io, 74)]
      as [(Failure.Kind, Int32)]
    {
      #expect(FewstepCommand.code(of: Failure(kind, at: "x")) == code)
    }
    #expect(FewstepCommand.code(of: Interrupted("stopped")) == 75)
    #expect(FewstepCommand.code(of: StoppedByWarning("stopped")) == 76)
    #expect(FewstepCommand.code(of: Unheard()) == 70)
  }

  @Test func `Commands end with the code of what went wrong`() throws {
    let scratch = try Scratch()
    try HDF5File.write(to: scratch.path("x.h5")) { try $0.write(.zeros([1, 4, 64, 64]), to: "latents") }
    func end(_ code: Int32, _ arguments: String...) throws -> String {
      let job = try Fewstep.start(arguments, in: scratch)
      #expect(job.wait() == code, "\(arguments): \(job.errors)")
      return job.errors
    }
    let tile = try end(64, "decode", TinySDXL.model, "--tile", "100", "--input", "x.h5", "--output", "y.h5")
    #expect(tile.contains("--tile: expected a multiple of 8 pixels, got 100"), "\(tile)")
    _ = try end(64, "decode", TinySDXL.model)
    _ = try end(65, "decode", TinySDXL.model, "--input", "x.h5", "--output", "y.h5", "--device", "cuda:99")
    _ = try end(66, "inspect", "no.h5")
    _ = try end(74, "decode", TinySDXL.model, "--input", "x.h5", "--output", scratch.folder)
    _ = try end(0, "diff", "x.h5", "x.h5")
  }
}
