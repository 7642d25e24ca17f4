import Encoders
import Foundation
import Testing

@Suite("Cleaning prompts")
struct PromptCleaningTests {
  private struct Prompt: Decodable {
    let text: String
    /// By diffusers' `prompt_clean` with ftfy, but for ftfy's mending of text that was decoded wrongly.
    let unmended: String
  }

  @Test func `Prompts are cleaned as diffusers and ftfy clean them`() throws {
    let prompts = try JSONDecoder().decode(
      [Prompt].self, from: Data(contentsOf: URL(fileURLWithPath: "\(WanFixture.folder)/tokenizer/cleaning.json")))
    #expect(prompts.count > 40)
    for prompt in prompts {
      let cleaned = PromptCleaning.cleaned(prompt.text)
      #expect(Array(cleaned.unicodeScalars) == Array(prompt.unmended.unicodeScalars), "\(prompt.text.debugDescription)")
    }
  }
}
