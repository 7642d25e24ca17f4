/// A package with an objective: DMD with the guidance's part weighted.
struct ObjectiveTemplate: PluginTemplate {
  let name: PackageName
  let kind = "objective"
  let summary = "An objective: DMD's direction with the guidance's part weighted by λ."
  let testProducts = ["Shipped", "ObjectiveChecks"]
  private var type: String { name.type }

  var source: String {
    """
    import Fewstep
    import Tensors

    /// DMD's direction with the guidance's part weighted by λ: (x̂c - x̂fake) + λ (ω - 1)(x̂c - x̂u). With λ = 1 it is DMD.
    public final class \(type): MatchingObjective {
      public struct Settings: Sendable {
        public let alignment: Double

        /// Reads its section of the recipe. The reader collects wrong values, so nothing is thrown here.
        public init(_ s: SettingsReader) {
          alignment = s.number(
            "alignment", default: 0.5, in: .nonNegative, "λ: how much of the guidance's part is followed; 1 is DMD.")
        }
      }

      private let alignment: Double

      public init(_ settings: Settings) { alignment = settings.alignment }

      /// Moves the student's samples along the direction. The scene computes each quantity when it is first asked for.
      public func studentLoss(_ scene: Scene) throws -> Loss {
        let direction = try scene.distributionMatching + alignment * scene.conditionalAlignment
        return try scene.match(along: direction)
      }

      /// Keeps the fake teacher on the student's own samples.
      public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

      public static func register(in catalog: inout Catalog) {
        catalog.objectives.append(
          Plugin("\(name.text)", "DMD with the guidance's part weighted", Settings.init, \(type).init))
      }
    }
    """
  }

  var test: String {
    """
    import Fewstep
    import Foundation
    import ObjectiveChecks
    import Files
    import Shipped
    import Tensors
    import Testing

    @testable import \(type)

    @Suite struct \(type)Tests {
      /// recipe.yaml with values replaced, as by --set.
      private func recipe(_ overrides: String...) throws -> Recipe {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").path
        return try Recipe.load(
          root + "/recipe.yaml", overrides: overrides,
          catalog: .shipped(adding: [{ \(type).register(in: &$0) }]))
      }

      /// The student's weights after three steps.
      private func trained(_ recipe: Recipe) throws -> [Tensor] {
        let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
        for _ in 0..<3 { _ = try trainer.step() }
        return try trainer.components.student.parameters.all.map { try $0.value.detached() }
      }

      @Test func `With λ = 1 it is DMD, to the bit; with another λ it is not`() throws {
        let ours = try trained(recipe("objective.alignment=1"))
        let other = try trained(recipe("objective.alignment=0"))
        let theirs = try trained(recipe("objective={kind: dmd}"))
        #expect(try hash(ours) == hash(theirs))
        #expect(try hash(other) != hash(theirs))
      }

      @Test func `It keeps the laws of objectives`() throws {
        try ObjectiveChecks(\(type)(.init(SettingsReader(YAMLNode.parse("alignment: 0.5"))))).all()
      }

      @Test func `A misspelled setting is an error that names the right one`() {
        #expect { try recipe("objective.alignmnt=1") } throws: { "\\($0)".contains("Did you mean 'alignment'?") }
      }
    }
    """
  }

  var recipe: String {
    """
    # \(name.text) on a ring of Gaussians in the plane; takes seconds
    name: \(name.text)
    seed: 0

    backbone:
      kind: gaussian-mixture
      modes: 4
      class-count: 4
      network: {width: 64}

    objective:
      kind: \(name.text)
      alignment: 0.5

    \(Self.training)
    """
  }
}
