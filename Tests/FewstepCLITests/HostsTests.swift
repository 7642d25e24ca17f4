import Foundation
import Tensors
import TestSupport
import Testing

/// Two processes on two hosts: network namespaces that a cable joins.
@Suite(.enabled(if: ProcessGroup.isAvailable && Hosts.canBeMade)) struct HostsTests {
  @Test func `Processes on two hosts find each other by the interface that is named`() throws {
    let hosts = try Hosts()
    defer { hosts.remove() }
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 4), to: "r.yaml")
    let arguments = ["run", "r.yaml", "--set", "training.micro-batches=2", "--into", "x", "--timeout", "60"]
    let jobs = try startRanks(
      [arguments, arguments], host: hosts.address(0), port: 29_500,
      wrapped: { ["/usr/bin/env", "ip", "netns", "exec", hosts.names[$0]] },
      environment: ["GLOO_SOCKET_IFNAME": Hosts.interface], in: scratch)
    #expect(jobs.map { $0.wait() } == [0, 0], "\(jobs.map(\.errors))")
    #expect(jobs[0].errors.contains("run folder: x"))
  }
}

private struct Hosts {
  static let interface = "cable"
  let names = (0..<2).map { "fewstep-\(getpid())-\($0)" }

  /// Whether this user may make network namespaces, and has the program for it.
  static let canBeMade: Bool = {
    let name = "fewstep-\(getpid())-try"
    guard (try? run(["netns", "add", name])) != nil else { return false }
    return (try? run(["netns", "delete", name])) != nil
  }()

  init() throws {
    for name in names { try Self.run(["netns", "add", name]) }
    try Self.run(
      ["link", "add", Self.interface, "netns", names[0], "type", "veth", "peer", Self.interface, "netns", names[1]])
    for (index, name) in names.enumerated() {
      try Self.run(["-n", name, "address", "add", "\(address(index))/24", "dev", Self.interface])
      for link in [Self.interface, "lo"] { try Self.run(["-n", name, "link", "set", link, "up"]) }
    }
  }

  func address(_ index: Int) -> String { "192.0.2.\(index + 1)" }

  func remove() { for name in names { try? Self.run(["netns", "delete", name]) } }

  private static func run(_ arguments: [String]) throws {
    let scratch = try Scratch()
    let job = try Job("/usr/bin/env", ["ip"] + arguments, in: scratch.folder)
    guard job.wait() == 0 else { throw CocoaError(.executableNotLoadable, userInfo: ["ip": job.errors]) }
  }
}
