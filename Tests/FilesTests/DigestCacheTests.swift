import Foundation
import Tensors
import TestSupport
import Testing

@testable import Files

@Suite struct DigestCacheTests {
  @Test func `A file is hashed once, and again if it was written or is read by other names`() throws {
    let scratch = try Scratch()
    let cache = DigestCache(folder: scratch.path("cache"), least: 10)
    let (file, small) = (scratch.path("a"), scratch.path("b"))
    try Data(count: 20).write(to: URL(fileURLWithPath: file))
    try Data(count: 5).write(to: URL(fileURLWithPath: small))
    var computed = 0
    func digest(_ path: String, names: [String] = ["w"]) -> String {
      cache.digest(of: [path], names: names) {
        computed += 1
        return "digest \(computed)"
      }
    }
    #expect(digest(file) == "digest 1" && digest(file) == "digest 1")
    #expect(digest(file, names: ["v"]) == "digest 2")
    // As long as before, and said to be as old.
    let old = try #require(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    try Data(repeating: 1, count: 20).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file)
    #expect(digest(file) == "digest 3" && digest(file) == "digest 3")
    #expect(digest(small) == "digest 4" && digest(small) == "digest 5")
  }

  @Test func `Without a place for hashes, or with a damaged one, the file is hashed`() throws {
    let scratch = try Scratch()
    try Data(count: 20).write(to: URL(fileURLWithPath: scratch.path("a")))
    let cache = DigestCache(folder: scratch.path("a/cache"), least: 10)
    #expect(cache.digest(of: [scratch.path("a")], names: []) { "whole" } == "whole")
    #expect(cache.digest(of: [scratch.path("none")], names: []) { "whole" } == "whole")
  }
}
