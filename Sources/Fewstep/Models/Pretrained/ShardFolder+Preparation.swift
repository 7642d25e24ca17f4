import Files

extension ShardFolder {
  /// The advice for a folder that is missing or not finished.
  static let preparation = "Run `fewstep prepare`, again if it was interrupted: it keeps what is finished."
}
