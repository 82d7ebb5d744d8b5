extension Kernel {
  /// Gives the arguments that the body names other numbers.
  ///
  /// - Parameter place: the new number of an argument; nil drops the stores to it. An argument that is
  ///   loaded has one.
  mutating func renumberArguments(_ place: (Int) -> Int?) {
    func rewrite(_ body: [Statement]) -> [Statement] {
      body.compactMap { statement in
        switch statement {
        case .loop(let variable, let isVectorizable, let inner):
          .loop(variable, isVectorizable: isVectorizable, body: rewrite(inner))
        case .when(let condition, let inner): .when(condition, body: rewrite(inner))
        case .define(let value, let dtype, .load(let argument, let index, let guards, let otherwise)):
          .define(
            value, dtype,
            .load(argument: place(argument)!, at: index, guards: guards, otherwise: otherwise))
        case .store(let argument, let index, let value):
          place(argument).map { .store(argument: $0, at: index, value) }
        default: statement
        }
      }
    }
    body = rewrite(body)
  }
}
