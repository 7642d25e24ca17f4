import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct StorageErrorTests {
  @Test func `An error says where, what, what was expected, what was found and what to do`() {
    let error = Failure(
      .malformed, at: "recipe.yaml:3:9", expected: "a whole number", got: "'x'", advice: "Write 4.")
    #expect(error.description == "recipe.yaml:3:9: expected a whole number, got 'x'\n  Write 4.")
    let short = Failure(.io, at: "a.h5", "the shape differs", expected: "[2]", got: "[3]")
    #expect(short.description == "a.h5: the shape differs; expected [2], got [3]")
  }

  @Test func `The kinds are the exit codes of the command line`() {
    #expect(Failure(.malformed, at: "").exitCode == 65)
    #expect(Failure(.missing, at: "").exitCode == 66)
    #expect(Failure(.io, at: "").exitCode == 74)
  }

  @Test(arguments: [ENOSPC, EDQUOT, EFBIG])
  func `A full disk is an I/O error that names the file and says what to do`(code: Int32) {
    expectError(.io, "runs/a/x.h5", "cannot write", "unchanged") {
      throw Failure.system(code, "cannot write the file", path: "runs/a/x.h5")
    }
  }

  @Test func `A file that does not exist is a missing input`() {
    expectError(.missing, "no such file") { throw Failure.system(ENOENT, "cannot open", path: "a") }
  }
}
