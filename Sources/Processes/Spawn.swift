import CSpawn
import Foundation
import Tensors

/// Starts a command. All processes of Fewstep are started here.
///
/// The process leads its own process group, so that Ctrl-C in a terminal reaches only this process. It inherits only
/// these three descriptors; nil is /dev/null. No signal is blocked or ignored in it. What a launcher told this process of its
/// rank stays here: PyTorch in a scorer would take itself for that rank.
///
/// - Parameters:
///   - command: the program, which is searched in PATH if it has no slash, and its arguments.
///   - environment: added to this process's.
/// - Throws: `Failure` if it cannot be started.
func spawn(
  _ command: [String], in folder: String, environment: [String: String] = [:], input: Int32? = nil,
  output: Int32? = nil, errors: Int32? = nil
) throws -> pid_t {
  let own = ProcessInfo.processInfo.environment.filter { name, _ in
    !rankVariables.contains(name) && !name.hasPrefix("TORCHELASTIC_")
  }
  let values = own.merging(environment) { $1 }
  let (arguments, variables) = (CStrings(command), CStrings(values.map { "\($0.key)=\($0.value)" }))
  var process = pid_t(-1)
  let status = withExtendedLifetime((arguments, variables)) {
    cs_spawn(arguments.pointers, variables.pointers, folder, input ?? -1, output ?? -1, errors ?? -1, &process)
  }
  guard status == 0 else {
    let reason = status == ENOENT ? "there is no such program" : String(cString: strerror(status))
    throw Failure(status == ENOENT ? .missing : .io, at: command[0], "the program cannot be started: \(reason)")
  }
  return process
}

private let rankVariables: Set = [
  "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "GROUP_WORLD_SIZE", "ROLE_RANK",
  "ROLE_WORLD_SIZE",
  "MASTER_ADDR", "MASTER_PORT",
]

/// Strings as a null-terminated C array.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]
  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }
  deinit { for pointer in pointers { free(pointer) } }
}
