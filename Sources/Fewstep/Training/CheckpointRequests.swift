/// The numbers of the requests with which the first rank saves and loads the others' rows of a checkpoint; nil if they hold none.
struct CheckpointRequests {
  var save: Int?
  var load: Int?
  var loadStudent: Int?
}
