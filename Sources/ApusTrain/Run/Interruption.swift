#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// Ctrl-C and `kill`: the first asks the loop to save and stop, the second ends the program at once.
public enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// From now on SIGINT and SIGTERM are noted instead of ending the program.
  public static func watch() {
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      // The second one has its usual effect.
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      action.__sigaction_handler.sa_handler = { Interruption.received.store($0, ordering: .relaxed) }
      sigaction(number, &action, nil)
    }
  }

  /// The number of the signal that came, if one did.
  public static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}
