import Foundation
import TestSupport
import Testing

@testable import Processes

@Suite struct ProgramTests {
  private let shell: Program

  init() throws { shell = try #require(Program("sh")) }

  @Test func `A program is found by its name on the path, or by its own path`() throws {
    let scratch = try Scratch()
    let path = try scratch.write("#!/bin/sh\n", to: "tool")
    #expect(Program("tool", in: scratch.folder) == nil)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    #expect(Program("tool", in: "/none:\(scratch.folder)")?.path == path)
    #expect(Program(path, in: "")?.path == path)
    #expect(Program("no-such-program") == nil)
  }

  @Test func `Input, output, error output and environment reach where they belong`() throws {
    let result = try shell.run(
      ["-c", "cat; echo \"$COLOR\"; echo ' trouble ' >&2; exit 3"], input: Data("in ".utf8),
      environment: ["COLOR": "red"])
    #expect(result.status == 3)
    #expect(String(decoding: result.output, as: UTF8.self) == "in red\n")
    #expect(result.errorOutput == "trouble")
  }

  @Test func `A program does not take itself for the rank of this process, unless it is told to`() throws {
    setenv("GROUP_RANK", "3", 1)
    setenv("TORCHELASTIC_RUN_ID", "x", 1)
    defer { for name in ["GROUP_RANK", "TORCHELASTIC_RUN_ID"] { unsetenv(name) } }
    let seen = try shell.run(["-c", "echo [$GROUP_RANK$TORCHELASTIC_RUN_ID$RANK]"], environment: ["RANK": "1"])
    #expect(String(decoding: seen.output, as: UTF8.self) == "[1]\n")
  }

  @Test func `More output than a pipe holds blocks neither side`() throws {
    let input = Data(repeating: UInt8(ascii: "x"), count: 1 << 20)
    #expect(try shell.run(["-c", "cat"], input: input).output == input)
  }

  @Test func `A signal that ends a program is 128 and more, as in a shell`() throws {
    #expect(try shell.run(["-c", "kill -TERM $$"]).status == 128 + SIGTERM)
    let scratch = try Scratch()
    let process = try shell.start(["-c", "exec sleep 100"], log: scratch.path("log"))
    #expect(process.isRunning)
    process.send(SIGKILL)
    #expect(process.wait() == .signal(SIGKILL) && !process.isRunning)
  }

  @Test func `A program that is stopped is ended with its children`() throws {
    let scratch = try Scratch()
    let status = try shell.show(["-c", "sleep 100 & wait"], in: scratch.folder) { true }
    #expect(status == 128 + SIGTERM)
  }
}
