import CSpawn
import Foundation
import Tensors

/// Starts a command in its own process group, with these descriptors only (nil is /dev/null).
///
/// - Parameter environment: variables added to this process's.
/// - Throws: `Failure` if it cannot be started.
func spawn(
  _ command: [String], in folder: String, environment: [String: String], input: Int32, output: Int32?, errors: Int32?
) throws -> pid_t {
  let values = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let (arguments, variables) = (CStrings(command), CStrings(values.map { "\($0.key)=\($0.value)" }))
  var process = pid_t(-1)
  let status = withExtendedLifetime((arguments, variables)) {
    cs_spawn(arguments.pointers, variables.pointers, folder, input, output ?? -1, errors ?? -1, &process)
  }
  guard status == 0 else {
    let reason = status == ENOENT ? "there is no such program" : String(cString: strerror(status))
    throw Failure.scorer("'\(command[0])' cannot be started: \(reason)")
  }
  return process
}

/// A null-terminated array of C strings.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]
  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }
  deinit { for pointer in pointers { free(pointer) } }
}
