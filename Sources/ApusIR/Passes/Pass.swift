/// A rewrite of programs that keeps their meaning.
///
/// A pass takes time linear in the number of instructions, keeps the inputs and the number and
/// types of the outputs, and works on the bodies of scans and calls as well. Results stay the same
/// bit for bit, but for what the pass's own documentation says; NaNs count as one value.
public protocol Pass: Sendable {
  static var name: String { get }

  /// The rewritten program, or nil where there was nothing to do.
  static func rewrite(_ program: Program) -> Program?
}

extension Pass {
  public static var name: String { "\(Self.self)" }

  /// The rewritten program; the same one where there was nothing to do.
  public static func run(_ program: Program) -> Program { rewrite(program) ?? program }
}

/// Passes in order, run again and again until none has anything left to do.
public struct PassPipeline: Sendable {
  /// Run once, before the others.
  public var preparation: [any Pass.Type]
  /// Run in rounds.
  public var passes: [any Pass.Type]
  /// Each round makes the program smaller or simpler, and most programs need two or three; the
  /// bound keeps the whole linear in the size of the program.
  public var maximumRounds: Int

  public init(
    preparation: [any Pass.Type] = [], passes: [any Pass.Type], maximumRounds: Int = 8
  ) {
    self.preparation = preparation
    self.passes = passes
    self.maximumRounds = maximumRounds
  }

  /// What every compiler runs first.
  public static let standard = PassPipeline(
    preparation: [InlineCalls.self, EliminateDeadCode.self],
    passes: [
      EliminateCommonSubexpressions.self, MergeScans.self, SimplifyScans.self,
      HoistFromScans.self, SumAfterScans.self, FoldConstants.self, SimplifyAlgebra.self,
      SimplifyMovement.self, JoinPads.self, PostponeBroadcasts.self, SimplifyReductions.self,
      SimplifyMatmuls.self, MultiplyTables.self, EliminateDeadCode.self,
    ])

  /// - Parameter observe: told each pass that changed something, and what came out.
  public func run(
    _ program: Program, observe: (_ pass: any Pass.Type, _ result: Program) -> Void = { _, _ in }
  ) -> Program {
    var current = program
    func apply(_ pass: any Pass.Type) -> Bool {
      guard let next = pass.rewrite(current) else { return false }
      current = next
      observe(pass, next)
      return true
    }
    for pass in preparation { _ = apply(pass) }
    for _ in 0..<maximumRounds {
      var changed = false
      for pass in passes where apply(pass) { changed = true }
      if !changed { break }
    }
    return current
  }
}

extension Program {
  /// This program after the standard passes: the same results from fewer and simpler instructions.
  public func optimised() -> Program { PassPipeline.standard.run(self) }
}
