import Files
import Tensors
import Testing

@testable import SDXL

@Suite("The configuration of SDXL's U-Net")
struct UNetConfigurationTests {
  /// SDXL-base's config with some values replaced; nil removes one.
  private func base(_ changes: [String: JSONValue?] = [:]) throws -> ModelConfig {
    var values = try ModelConfig("\(UNetFixture.folder)/unet-base/config.json").values
    for (key, value) in changes { values[key] = value }
    return ModelConfig(values, path: "unet/config.json")
  }

  private func message(_ changes: [String: JSONValue?]) throws -> String {
    let config = try base(changes)
    let error = #expect(throws: Failure.self) { try UNetConfiguration(config) }
    return "\(try #require(error))"
  }

  @Test func `SDXL-base's is read`() throws {
    let c = try UNetConfiguration(base())
    #expect(c.levels.map(\.channels) == [320, 640, 1280])
    #expect(c.levels.map(\.heads) == [5, 10, 20])
    #expect(c.levels.map(\.transformerBlocks) == [1, 2, 10])
    #expect(c.levels.map(\.attendsDown) == [false, true, true] && c.levels.map(\.attendsUp) == [false, true, true])
    #expect(c.sampleSize == [128, 128] && c.textWidth == 2048 && c.pooledWidth == 1280 && c.projectsLinearly)
  }

  @Test func `Absent keys have diffusers' defaults, and one number stands for all levels`() throws {
    let c = try UNetConfiguration(
      base([
        "norm_eps": .some(nil), "attention_head_dim": 10, "layers_per_block": [1, 2, 3], "sample_size": .some(nil),
        "use_linear_projection": .some(nil), "transformer_layers_per_block": .some(nil),
      ]))
    #expect(c.epsilon == 1e-5 && !c.projectsLinearly && c.sampleSize == nil)
    #expect(c.levels.map(\.heads) == [10, 10, 10] && c.levels.map(\.layers) == [1, 2, 3])
    #expect(c.levels.map(\.transformerBlocks) == [1, 1, 1])
  }

  @Test func `The config of another Stable Diffusion is no SDXL's`() throws {
    let absent = try message(["addition_embed_type": .some(nil), "cross_attention_dim": 768])
    #expect(absent.hasPrefix("unet/config.json: addition_embed_type: this is no SDXL UNet"))
    #expect(try message(["addition_embed_type": "text_image"]).contains("this is no SDXL UNet"))
    #expect(try message(["_class_name": "UNet2DModel"]).contains("expected \"UNet2DConditionModel\""))
  }

  @Test(
    arguments: [
      ("sixth_sense", true), ("time_cond_proj_dim", 256), ("act_fn", "gelu"), ("dropout", 0.1),
      ("mid_block_type", "UNetMidBlock2D"), ("mid_block_type", .null), ("norm_num_groups", .null),
      ("transformer_layers_per_block", [[1, 1], [2, 2], [10, 10]]), ("encoder_hid_dim", 64),
      ("reverse_transformer_layers_per_block", [[10, 10, 10], [2, 1, 1], [1, 1, 1]]), ("num_attention_heads", 8),
      ("only_cross_attention", true), ("upcast_attention", true), ("conv_in_kernel", 5), ("downsample_padding", 2),
      ("resnet_time_scale_shift", "ada_group"), ("class_embed_type", "projection"), ("attention_type", "gated"),
      ("down_block_types", ["DownBlock2D", "AttnDownBlock2D", "CrossAttnDownBlock2D"]),
      ("up_block_types", ["CrossAttnUpBlock2D", "UpBlock2D"]),
    ] as [(String, JSONValue)])
  func `A value that is not implemented is refused by name`(_ key: String, _ value: JSONValue) throws {
    #expect(try message([key: value]).hasPrefix("unet/config.json: \(key): "))
  }

  @Test(
    arguments: [
      ("block_out_channels", []), ("block_out_channels", [320, 0, 1280]), ("block_out_channels", "wide"),
      ("layers_per_block", 0), ("layers_per_block", [2, 2]), ("attention_head_dim", [5, 7, 20]),
      ("transformer_layers_per_block", -1), ("norm_num_groups", 33), ("norm_num_groups", 0), ("in_channels", 0),
      ("cross_attention_dim", [2048, 2048, 768]), ("addition_time_embed_dim", 0), ("freq_shift", 128),
      ("projection_class_embeddings_input_dim", 1536), ("mid_block_scale_factor", 0), ("sample_size", [1, 2, 3]),
    ] as [(String, JSONValue)])
  func `A value that cannot be is refused by name`(_ key: String, _ value: JSONValue) throws {
    #expect(try message([key: value]).hasPrefix("unet/config.json: \(key): "))
  }

  @Test func `What a level without attention would say of heads does not matter`() throws {
    _ = try UNetConfiguration(base(["attention_head_dim": [7, 10, 20]]))
  }
}
