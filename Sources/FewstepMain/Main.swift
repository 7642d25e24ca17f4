import FewstepCLI

@main
struct Main {
  static func main() { FewstepCommand.main(adding: []) }
}
