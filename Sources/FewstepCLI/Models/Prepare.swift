import ArgumentParser

struct Prepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn prompts into embeddings, or images and videos into latents, for training.",
    discussion: """
      Output is written as HDF5 shards, each atomically. Existing shards made from the same source by the same networks are
      verified and reused, so an interrupted run loses at most one shard; rerun the command to continue. A folder that holds
      another data set is refused.

      Example:  fewstep prepare prompts prompts.txt --model models/sdxl --into prepared/prompts
                fewstep prepare images photos/ more.tar --model models/sdxl --into prepared/photos --size 1024
                fewstep prepare videos clips/ --model models/wan --into prepared/clips --size 480x832x81
      """,
    subcommands: [PreparePrompts.self, PrepareImages.self, PrepareVideos.self])
}
