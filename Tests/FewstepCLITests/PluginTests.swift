import Foundation
import TestSupport
import Testing

@Suite struct PluginTests {

  @Test
  func `A new package has a plugin of some 30 lines, a recipe, a test, a README, and takes Fewstep from this checkout`()
    throws
  {
    let scratch = try Scratch()
    try Fewstep.run("new", "objective", "soft-matching", in: scratch)
    #expect(
      try scratch.files("soft-matching")
        == [".gitignore", "Package.swift", "README.md", "Sources", "Tests", "recipe.yaml"])
    let manifest = try String(contentsOfFile: scratch.path("soft-matching/Package.swift"), encoding: .utf8)
    #expect(manifest.contains("\"\(Repository.root)\""), "\(manifest)")
    let source = try String(
      contentsOfFile: scratch.path("soft-matching/Sources/SoftMatching/SoftMatching.swift"), encoding: .utf8)
    #expect(source.split(separator: "\n").count < 35)
    #expect(source.contains("class SoftMatching: MatchingObjective"))

    try Fewstep.run(
      "new", "reward", "niceness", "--into", "n", "--fewstep", "https://example.org/them/fewstep.git", in: scratch)
    let other = try String(contentsOfFile: scratch.path("n/Package.swift"), encoding: .utf8)
    #expect(other.contains("https://example.org/them/fewstep.git") && other.contains("package: \"fewstep\""))
  }

  @Test(arguments: [
    ("amd", "has this name"), ("9-lives", "letters and digits"), ("a--b", "letters and digits"),
    ("../x", "letters and digits"),
    ("class", "keyword of Swift"), ("scene", "hide"), ("fewstep", "hide"), ("gaussian-mixture", "has this name"),
  ])
  func `A name that cannot be a plugin's is refused with the reason, and nothing is written`(
    name: String, reason: String
  ) throws {
    let scratch = try Scratch()
    let job = try Fewstep.run("new", "objective", name, in: scratch, expecting: 64)
    #expect(job.errors.contains(reason), "\(job.errors)")
    #expect(try scratch.files().filter { !$0.hasPrefix(".") }.isEmpty)
  }

  @Test func `A folder that is there, a kind that is none and sources that are not Fewstep's are refused`() throws {
    let scratch = try Scratch()
    try scratch.write("mine", to: "mine")
    #expect(try Fewstep.run("new", "reward", "mine", in: scratch, expecting: 64).errors.contains("the folder exists"))
    try Fewstep.run("new", "schedule", "mine", "--into", "m", in: scratch, expecting: 64)
    let far = try Fewstep.run("new", "reward", "other", "--fewstep", "none", in: scratch, expecting: 66)
    #expect(far.errors.contains("not a checkout of Fewstep"))
    try Fewstep.run("new", "reward", "other", "--into", "mine/other", in: scratch, expecting: 74)
    #expect(try scratch.files().filter { !$0.hasPrefix(".out") && !$0.hasPrefix(".err") } == ["mine"])
  }

  @Test func `A plugin from a file trains beside ours; its run says what it needs to go on`() throws {
    let scratch = try Scratch()
    try Fewstep.run("new", "objective", "soft-matching", in: scratch)
    try Fewstep.run("build-plugin", "soft-matching", in: scratch)
    let plugin = scratch.path("soft-matching.so")
    let settings = try Fewstep.run("plugins", "soft-matching", "--plugin", plugin, in: scratch)
    #expect(settings.output.contains("alignment: 0.5"))

    let recipe = "soft-matching/recipe.yaml"
    let stopped = try Fewstep.run(
      "--plugin=\(plugin)", "run", recipe, "--set", "training.steps=4", "--stop-after", "2", in: scratch, expecting: 75)
    #expect(stopped.errors.contains("--resume --plugin \(plugin)"), "\(stopped.errors)")
    let resume = ["run", "runs/soft-matching/recipe.yaml", "--into", "runs/soft-matching", "--resume"]
    let without = try Fewstep.start(resume, in: scratch)
    #expect(without.wait() == 65)
    #expect(without.errors.contains("add --plugin \(plugin)"), "\(without.errors)")
    let with = try Fewstep.start(resume + ["--set", "evaluation=null", "--plugin", plugin], in: scratch)
    #expect(with.wait() == 0, "\(with.errors)")
    let sampled = try Fewstep.run("sample", "runs/soft-matching", in: scratch, expecting: 65)
    #expect(sampled.errors.contains("add --plugin"))

    let twice = try Fewstep.run("plugins", "--plugin", plugin, "--plugin", plugin, in: scratch, expecting: 65)
    #expect(twice.errors.contains("another objective 'soft-matching'"), "\(twice.errors)")
    // A build ID that differs in one digit is another build.
    var bytes = try Data(contentsOf: URL(fileURLWithPath: plugin))
    let digit = bytes.index(bytes.endIndex, offsetBy: -2)
    bytes[digit] = bytes[digit] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
    try bytes.write(to: URL(fileURLWithPath: scratch.path("other.so")))
    let other = try Fewstep.run("plugins", "--plugin", "other.so", in: scratch, expecting: 65)
    #expect(other.errors.contains("another Fewstep"), "\(other.errors)")
  }

  @Test func `What is no plugin is refused before it is loaded`() throws {
    let scratch = try Scratch()
    #expect(
      try Fewstep.run("plugins", "--plugin", "none.so", in: scratch, expecting: 66).errors.contains("no such file"))
    try scratch.write("text", to: "text.so")
    let text = try Fewstep.run("plugins", "--plugin", "text.so", in: scratch, expecting: 65)
    #expect(text.errors.contains("not a shared library"))
    let program = try Fewstep.run("plugins", "--plugin", Fewstep.executable, in: scratch, expecting: 65)
    #expect(program.errors.contains("not made by"), "\(program.errors)")
    #expect(try Fewstep.run("plugins", "--plugin", in: scratch, expecting: 64).errors.contains("expected a file"))
    try Fewstep.run("build-plugin", "none", in: scratch, expecting: 66)
    try Fewstep.run("new", "reward", "broken", in: scratch)
    try scratch.write("let x: Int = \"\"", to: "broken/Sources/Broken/Broken.swift")
    try Fewstep.run("build-plugin", "broken", in: scratch, expecting: 65)
    #expect(!scratch.has("broken.so"))
  }

  @Test func `docs/reference.md is what the plugins declare`() throws {
    let scratch = try Scratch()
    let made = try Fewstep.run("plugins", "--markdown", in: scratch).output
    let page = try String(contentsOfFile: Repository.root + "/docs/reference.md", encoding: .utf8)
    #expect(made == page, "make it anew: fewstep plugins --markdown > docs/reference.md")
    #expect(page.contains("| `training.pairs` | `none` | path | results |"))
    #expect(!page.contains(scratch.folder))
  }
}
