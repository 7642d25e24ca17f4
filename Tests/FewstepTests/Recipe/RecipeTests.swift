import Files
import Foundation
import Networks
import Reports
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct RecipeTests {
  @Test func `A reward is made of settings that no recipe gives, and wrong ones are named`() throws {
    let context = PluginContext(device: .cpu, seed: 0)
    expectError(.missing, "there is no reward of this name") {
      _ = try smallCatalog().reward("nicest", .mapping([]), context)
    }
    #expect {
      _ = try smallCatalog().reward("classifier", try YAMLNode.parse("wieghts: a.safetensors"), context)
    } throws: {
      "\($0)".contains("Did you mean 'weights'?")
    }
  }

  @Test(arguments: FullRecipe.allCases)
  func `A full recipe is read, and leaves no key to its default`(_ full: FullRecipe) throws {
    let recipe = try Recipe(full.node(), catalog: smallCatalog())
    var given = 0
    func look(_ node: YAMLNode, _ path: String) throws {
      for entry in try node.mapping() {
        if entry.value.isMapping {
          try look(entry.value, "\(path)\(entry.name).")
        } else {
          #expect(entry.comment?.hasPrefix("full.yaml:") == true, "\(path)\(entry.name): \(entry.comment ?? "")")
          given += 1
        }
      }
    }
    try look(recipe.resolved, "")
    #expect(given > 40)
    #expect(recipe.steps == [1, 0.5])
    #expect(recipe.student.optimization.optimizer.betas == [0.8, 0.95])
    #expect(recipe.student.optimization.schedule(total: 6).floor == 0.1)
    #expect(recipe.ema == (full == .averaged ? .power(gamma: 6.94) : .constant(0.95, start: 1)))
    #expect(recipe.matching.times == 0.05...0.9)
    #expect(recipe.training.microBatches == 2)
    #expect(recipe.evaluation?.teacherSteps == [4, 8])
  }

  @Test(arguments: FullRecipe.allCases)
  func `A misspelled key is an error at its place that names the one that was meant`(_ full: FullRecipe) throws {
    let node = try full.node()
    for path in node.keyPaths() {
      let key = path.last!
      let place = try node.entry(path).key.position
      #expect(place.line > 0 && place.column > 0)
      var letters = Array(key)
      letters.swapAt(1, 2)
      let misspellings = [String(key.prefix(1) + key.dropFirst(2)), String(letters), key + "s"]
      for wrong in misspellings where wrong != key {
        let changed = try node.changing(path) { entry in
          var key = entry.key
          key.content = .scalar(wrong, .plain)
          return YAMLNode.Entry(key: key, value: entry.value)
        }
        let words = try problems(changed).map(\.description)
        let expected = "full.yaml:\(place.line):\(place.column): unknown key '"
        let hit = words.first { $0.hasPrefix(expected) && $0.contains("\(wrong)'") }
        #expect(hit?.contains("Did you mean '\(key)'") == true, "\(path) as \(wrong): \(words)")
        // The only other errors are that a section or its plugin is missing, or that keys of a removed value are
        // unknown, or that another key needs it.
        let belonging = "unknown key '\(path.joined(separator: "."))-"
        #expect(
          words.allSatisfy {
            $0.hasPrefix(expected) || $0.contains("is missing") || $0.contains(belonging)
              || $0.hasSuffix("needs \(key)")
          },
          "\(path) as \(wrong): \(words)")
      }
    }
  }

  @Test(arguments: FullRecipe.allCases)
  func `A value of the wrong type is an error at its line`(_ full: FullRecipe) throws {
    let node = try full.node()
    for path in node.keyPaths() {
      let value = try node.entry(path).value
      var wrong = ["{wrong: type}", "[[1]]"]
      switch value.content {
      case .mapping: wrong = ["word", "[1, 2]"]
      case .sequence: wrong += ["word", "3"]
      case .scalar(let text, _):
        if Double(text) != nil { wrong += ["word", "true", "'\(text)'"] }
        if text == "false" { wrong += ["word", "no", "0"] }
      }
      for text in wrong {
        // A name may be any text.
        let found = try problems(node.setting(path, to: text))
        let line = value.position.line
        #expect(
          found.contains { $0.position.line == line && $0.position.file == "full.yaml" }, "\(path) as \(text): \(found)"
        )
        #expect(found.contains { $0.message.contains(path.last!) || value.isMapping }, "\(path) as \(text): \(found)")
      }
    }
  }

  @Test(arguments: FullRecipe.allCases)
  func `A value outside its declared range is an error that says the range`(_ full: FullRecipe) throws {
    let node = try full.node()
    let settings = try Recipe(node, catalog: smallCatalog()).settings
    var tried = 0
    for setting in settings {
      guard let range = setting.range, range != "any number" else { continue }
      let path = setting.key.split(separator: ".").map(String.init)
      let numbers = range.split(separator: " ").compactMap { Double($0) }
      let isWhole = setting.type.contains("whole")
      let step = isWhole ? 1 : 1e-6
      var wrong: [Double]
      if range.hasPrefix(">=") {
        wrong = [numbers[0] - step, -1e6]
      } else if range.hasPrefix(">") {
        wrong = [numbers[0], -1]
      } else {
        wrong = [numbers[0] - step, range.contains("below") ? numbers[1] : numbers[1] + step]
      }
      wrong.removeAll { !$0.isFinite }
      for value in wrong {
        let text = formatted(value)
        let list = try? node.entry(path).value.sequence()
        let written = list.map {
          "[\(($0.dropLast().map { $0.text().trimmingCharacters(in: .newlines) } + [text]).joined(separator: ", "))]"
        }
        let found = try problems(node.setting(path, to: written ?? text))
        #expect(
          found.contains { $0.message.contains("\(setting.key): ") && $0.message.contains("out of range (\(range))") },
          "\(setting.key) as \(text): \(found)")
        tried += 1
      }
      if !isWhole {
        let list = try? node.entry(path).value.sequence().count
        let text = list.map { "[\(Array(repeating: ".inf", count: $0).joined(separator: ", "))]" } ?? ".inf"
        #expect(try !problems(node.setting(path, to: text)).isEmpty, "\(setting.key) as \(text)")
      }
    }
    #expect(tried > 40)
  }

  @Test(arguments: FullRecipe.allCases)
  func `A key without a default is missed, and the others are not`(_ full: FullRecipe) throws {
    let node = try full.node()
    let settings = try Recipe(node, catalog: smallCatalog()).settings
    for setting in settings {
      let path = setting.key.split(separator: ".").map(String.init)
      // These are read only if they, or related keys, are given.
      if ["means", "weights", "pairs", "gamma"].contains(path.last) { continue }
      let found = try problems(node.changing(path) { _ in nil })
      if setting.defaultValue == nil {
        #expect(found.contains { $0.message == "the key '\(setting.key)' is missing" }, "\(setting.key): \(found)")
      } else {
        #expect(!found.contains { $0.message.contains("missing") }, "\(setting.key): \(found)")
      }
    }
    #expect(settings.filter { $0.defaultValue == nil }.count >= 7)
  }

  @Test func `All mistakes are reported together, in the order of the file`() throws {
    var node = try FullRecipe.amd.node()
    node = try node.setting(["seed"], to: "word")
    node = try node.setting(["objective", "sensitivity"], to: "1")
    node = try node.setting(["student", "steps"], to: "[0.5, 1]")
    node = try node.setting(["matching", "times"], to: "[0.9, 0.1]")
    node = try node.setting(["training", "micro-batches"], to: "3")
    node = try node.changing(["output", "keep"]) {
      YAMLNode.Entry(key: YAMLNode(.scalar("kep", .plain), at: $0.key.position), value: $0.value)
    }
    node = try node.changing(["training", "steps"]) { _ in nil }
    let found = try problems(node)
    let expected = [
      "seed:", "objective.sensitivity:", "student.steps:", "matching.times:", "'training.steps' is missing",
      "training.micro-batches:", "unknown key 'output.kep'",
    ]
    #expect(found.count == expected.count, "\(found)")
    for (problem, words) in zip(found, expected) { #expect(problem.message.contains(words), "\(problem)") }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.position.line <= $1.position.line })
    let text = RecipeError(found).description
    #expect(text.split(separator: "\n").count == expected.count)
  }

  @Test func `An unknown plugin is one mistake, with the name that was meant`() throws {
    for (path, wrong, meant) in [
      (["objective", "kind"], "adm", "amd"), (["backbone", "kind"], "gausian-mixture", "gaussian-mixture"),
      (["reward", "kind"], "densty", "density"), (["evaluation", "floor", "kind"], "mixtur", "mixture"),
    ] {
      let found = try problems(FullRecipe.amd.node().setting(path, to: wrong))
      #expect(found.count == 1, "\(found)")
      #expect(found.first?.message.contains("Did you mean '\(meant)'?") == true, "\(found)")
    }
  }

  @Test func `Rules between values are checked where they are written`() throws {
    let node = try FullRecipe.dmd2.node()
    for (path, text) in [
      (["backbone", "means"], "[0, 1, 1]"), (["backbone", "weights"], "[1, 2]"), (["backbone", "classes"], "[0]"),
      (["backbone", "classes"], "[0, 2, 2]"), (["backbone", "stds"], "[1, 2]"),
      (["student", "steps"], "[1, 0.5, 0.5]"),
      (["student", "steps"], "[]"), (["matching", "times"], "[0.5, 0.5]"), (["training", "micro-batches"], "5"),
      (["device"], "gpu"), (["student", "betas"], "[0.9]"),
    ] {
      let found = try problems(node.setting(path, to: text))
      let line = try node.entry(path).value.position.line
      #expect(
        found.contains { $0.position.line == line && $0.message.contains(path.last!) }, "\(path) \(text): \(found)")
    }
  }

  @Test(arguments: FullRecipe.allCases)
  func `A resolved recipe reads back as the same recipe`(_ full: FullRecipe) throws {
    let first = try Recipe(full.node(), catalog: smallCatalog())
    let second = try Recipe(YAMLNode.parse(first.resolved.text(), file: "recipe.yaml"), catalog: smallCatalog())
    #expect(first.resolved.hasSameValue(as: second.resolved), "\(first.resolved.text())\n\(second.resolved.text())")
    #expect(second.steps == first.steps)
    #expect(second.student.lora?.layers == first.student.lora?.layers)
    #expect(try first.differences(from: YAMLNode.parse(first.resolved.text())).isEmpty)
  }

  @Test func `Defaults read back too, and so do texts that YAML would take for something else`() throws {
    for name in ["5", "null", "a: b", "# no comment", "true", "[x]", "*", "say \"hi\"", "1e3", " spaces "] {
      let text = """
        name: x
        backbone: {kind: gaussian-mixture}
        objective: {kind: dmd}
        student: {lora: {rank: 2}}
        training: {steps: 5}
        """
      var node = try YAMLNode.parse(text, file: "defaults.yaml")
      node = try node.changing(["name"]) { YAMLNode.Entry(key: $0.key, value: YAMLNode(.scalar(name, .quoted))) }
      let first = try Recipe(node, catalog: smallCatalog())
      let second = try Recipe(YAMLNode.parse(first.resolved.text()), catalog: smallCatalog())
      #expect(second.name == name)
      #expect(second.student.lora?.layers == ["*"])
      #expect(second.student.optimization.gradientLimit == nil)
      #expect(first.resolved.hasSameValue(as: second.resolved), "\(first.resolved.text())")
    }
  }

  @Test func `A resolved recipe says where each value came from`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      "name: here\nbackbone:\n  kind: gaussian-mixture\nobjective: {kind: dmd}\ntraining:\n  steps: 5\n", to: "r.yaml")
    let recipe = try Recipe.load(
      path, overrides: ["training.batch=32", "objective.regression-weight=0.5", "backbone.kind=gaussian-mixture"],
      catalog: smallCatalog())
    func comment(_ keys: String...) throws -> String? { try recipe.resolved.entry(keys).comment }
    #expect(try comment("name") == "\(path):1:7")
    #expect(try comment("training", "steps") == "\(path):6:10")
    #expect(try comment("training", "batch") == "--set training.batch=32")
    #expect(try comment("objective", "regression-weight") == "--set objective.regression-weight=0.5")
    #expect(try comment("student", "learning-rate") == "default")
    #expect(recipe.training.batch == 32)
    #expect(recipe.resolved.text().contains("  batch: 32  # --set training.batch=32\n"))
  }

  @Test func `What --set replaces is checked like the file, and blamed by its own name`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(FullRecipe.amd.text, to: "r.yaml")
    let found = #expect(throws: RecipeError.self) {
      _ = try Recipe.load(
        path, overrides: ["training.stps=3", "seed=word", "objective.sensitivity=7", "new.section=1"],
        catalog: smallCatalog())
    }
    let words = try #require(found).problems.map(\.description)
    #expect(words.count == 4)
    for line in [
      "--set training.stps=3: unknown key 'training.stps'. Did you mean 'steps'?", "--set seed=word: seed: ",
      "--set objective.sensitivity=7: objective.sensitivity: 7 is out of range",
      "--set new.section=1: unknown key 'new'",
    ] { #expect(words.contains { $0.hasPrefix(line) }, "\(line) in \(words)") }
    for wrong in ["training.steps", "=3", "training..steps=3", ".=3"] {
      let error = #expect(throws: Failure.self) { _ = try Recipe.node(path, overrides: [wrong]) }
      #expect(error?.description.contains("--set \(wrong)") == true)
    }
    // Lists and sections can be given whole.
    let recipe = try Recipe.load(
      path, overrides: ["student.steps=[1, 0.4, 0.2]", "matching={guidance: 5}"], catalog: smallCatalog())
    #expect(recipe.steps == [1, 0.4, 0.2])
    #expect(recipe.matching.guidance.scale == 5)
    #expect(recipe.matching.times == 0.02...0.98)
    #expect(try scratch.files() == ["r.yaml"])
  }

  @Test
  func `The nearest word is found by letters dropped, added, replaced and swapped, and not at any distance`() {
    let words = ["steps", "batch", "micro-batches", "pairs"]
    for (wrong, meant) in [
      ("stps", "steps"), ("setps", "steps"), ("bach", "batch"), ("micro_batches", "micro-batches"), ("PAIRS", "pairs"),
    ] {
      #expect(nearest(wrong, among: words) == meant)
    }
    #expect(nearest("temperature", among: words) == nil)
    #expect(nearest("x", among: []) == nil)
  }

  @Test func `Every plugin declares its settings with a meaning, once each, without being made`() {
    let catalog = smallCatalog()
    func check<Product>(_ plugins: [Plugin<Product>]) {
      for plugin in plugins {
        let keys = plugin.settings.map(\.key)
        #expect(Set(keys).count == keys.count, "\(plugin.name): \(keys)")
        #expect(plugin.settings.allSatisfy { $0.meaning.count > 3 })
      }
    }
    check(catalog.objectives)
    check(catalog.backbones)
    check(catalog.pretrainable)
    check(catalog.rewards)
    check(catalog.data)
    check(catalog.features)
    check(catalog.classifiers)
    func keys<Product>(_ name: String, _ plugins: [Plugin<Product>]) -> [String] {
      plugins.first { $0.name == name }?.settings.map(\.key) ?? []
    }
    // Settings that only some recipes read are listed, too.
    #expect(keys("amd", catalog.objectives).contains("gan.student-weight"))
    #expect(
      Set(["modes", "means", "weights", "network.width"]).isSubset(of: keys("gaussian-mixture", catalog.backbones)))
  }
}
