import Encoders
import Fewstep
import Files
import Tensors

/// The folder's UMT5 encoder: it turns prompts into the transformer's input "text" [B, length, C], like diffusers'
/// `WanPipeline.encode_prompt`. What follows a prompt's end is zeros.
final class WanConditioner: TextConditioner {
  /// The length that Wan was trained with.
  static let length = 512

  private struct Encoder {
    let tokenizer: UnigramTokenizer
    let model: UMT5Encoder
  }

  private let folder: WanFolder
  private let negativePrompt: String
  private let length: Int
  private let device: Device
  private let encoder: Lazy<Encoder>

  init(_ source: ModelSource, _ folder: WanFolder, negativePrompt: String, length: Int) {
    (self.folder, self.negativePrompt, self.length, device) = (folder, negativePrompt, length, source.device)
    encoder = Lazy {
      let configuration = try folder.textEncoderConfiguration()
      let tokenizer = try UnigramTokenizer(folder.tokenizer())
      guard tokenizer.largestID < configuration.vocabulary else {
        throw Failure(
          .malformed, at: try folder.tokenizer(), "the tokenizer is not the model's",
          expected: "ids below \(configuration.vocabulary)", got: "\(tokenizer.largestID)")
      }
      // The encoder overflows in float16.
      let dtype = source.precision == .float16 ? DType.bfloat16 : source.precision
      return Encoder(
        tokenizer: tokenizer,
        model: try UMT5Encoder.open(folder.textEncoder(), configuration, dtype: dtype, on: source.device))
    }
  }

  func embed(_ prompts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int]) {
    let encoder = try encoder()
    var rows = [Tensor]()
    var cutOff = [Int]()
    for prompt in prompts {
      let (ids, cut) = encoder.tokenizer.encode(PromptCleaning.cleaned(prompt), length: length)
      let hidden = try encoder.model(Tensor(ids, shape: [1, ids.count]).to(device))
      rows.append(try hidden.padded([0, 0, 0, length - ids.count]))
      cutOff.append(cut)
    }
    guard !rows.isEmpty else { throw TensorError("text encoder", "there are no prompts") }
    return (["text": try concatenated(rows)], cutOff)
  }

  /// What guidance leads away from: the negative prompt.
  func nothing() throws -> [String: Tensor] { try embed([negativePrompt]).tensors }

  func fingerprint() throws -> Fingerprint {
    [
      "text_encoder": hash("\(try folder.textEncoder().digest()) \(try folder.textEncoderConfiguration())"),
      "tokenizer": try UnigramTokenizer(folder.tokenizer()).digest, "negative prompt": "'\(negativePrompt)'",
      "max-sequence-length": "\(length)",
    ]
  }
}
