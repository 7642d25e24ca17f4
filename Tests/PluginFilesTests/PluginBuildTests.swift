import Foundation
import TestSupport
import Testing

@testable import Fewstep
@testable import PluginFiles

@Suite struct PluginBuildTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func module(_ name: String, _ file: String? = "Plugin.swift") throws {
    let folder = scratch.path("package/Sources/\(name)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if let file { try scratch.write("", to: "package/Sources/\(name)/\(file)") }
  }

  @Test func `A package's only module is built, and its program is not counted`() throws {
    try module("Warm")
    try module("WarmMain")
    _ = try PluginBuild(package: scratch.path("package"))
  }

  @Test func `A package without sources or with several modules says what to do`() throws {
    expectError(.missing, "there are no sources", "fewstep new") {
      _ = try PluginBuild(package: scratch.path("package"))
    }
    try module("Warm", nil)
    expectError(.missing, "there are no Swift files") { _ = try PluginBuild(package: scratch.path("package")) }
    try module("Cold")
    expectError(.usage, "there are several modules", "Cold, Warm") {
      _ = try PluginBuild(package: scratch.path("package"))
    }
    _ = try PluginBuild(package: scratch.path("package"), module: "Cold")
  }

  @Test func `What is no plugin is refused before it is loaded, with its name`() throws {
    let text = try scratch.write("text", to: "text.so")
    expectError(.malformed, "text.so") { _ = try PluginFile.load([text], joining: Catalog()) }
    expectError(.missing, "none.so") { _ = try PluginFile.load([scratch.path("none.so")], joining: Catalog()) }
  }
}
