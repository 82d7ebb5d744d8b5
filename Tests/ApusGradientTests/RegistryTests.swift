import ApusIR
import Testing

/// Protects the gradient rule of each primitive: that it is right, once and twice over, and that no
/// primitive comes without one.
@Suite struct RegistryTests {
  @Test(arguments: PrimitiveRegistry.all)
  func everyRuleHasACase(_ entry: PrimitiveEntry) {
    switch entry.primitive.gradient {
    case .rule:
      #expect(
        GradientCases.all.contains { $0.primitive == entry.name },
        "\(entry.name) has a gradient rule but no case in GradientCases")
    case .zero:
      #expect(Self.flat.contains(entry.name), "\(entry.name) is not listed as flat")
    case .none(let reason):
      #expect(Self.without[entry.name] == reason)
    }
  }

  /// What does not change with its operands, or only in jumps. `output` is passed through by the
  /// walk itself.
  static let flat: Set<String> = [
    "input", "constant", "iota", "randomBits", "sign", "floor", "ceil", "round", "not", "and", "or",
    "xor", "shiftLeft", "shiftRight", "equal", "notEqual", "less", "lessEqual", "greater",
    "greaterEqual", "argMax", "argMin", "windowArgMax", "argSort", "output", "stopGradient",
  ]

  static let without = [
    "windowProduct": "the product over sliding windows is not differentiated",
    "host": "it stands for any function",
  ]

  @Test(arguments: GradientCases.all)
  func firstOrder(_ gradientCase: GradientCase) throws {
    #expect(try FiniteDifferences.difference(gradientCase, seed: 1) == nil)
  }

  @Test(arguments: GradientCases.all)
  func secondOrder(_ gradientCase: GradientCase) throws {
    #expect(try FiniteDifferences.secondDifference(gradientCase, seed: 2) == nil)
  }

  /// The flat functions of floating numbers: differences find no slope either, and the gradient is
  /// zero, not missing.
  @Test(arguments: [Unary.sign, .floor, .ceil, .round])
  func flatFunctionsHaveZeros(_ op: Unary) throws {
    let x = Node.data([-1.3, 0.2, 2.7])
    let y = try Node(.unary(op), [x])
    #expect(try slopes(of: y, for: x) == [0, 0, 0])
    let operand = Operand([3], .given([-1.3, 0.2, 2.7]))
    let flat = GradientCase(.unary(op), [operand])
    #expect(try FiniteDifferences.difference(flat, seed: 1) == nil)
  }

  @Test func productsOverWindowsAreRefused() throws {
    let x = Node.data([1, 2, 3, 4], [1, 4, 1])
    let y = try ModulePath.with("encoder.pool") {
      try Node(.windowReduce(.product, Window(sizes: [2])), [x])
    }
    let error = #expect(throws: TensorError.self) { try slopes(of: y, for: x) }
    #expect(
      error?.description
        == "encoder.pool: windowProduct: has no gradient: the product over sliding windows is not "
        + "differentiated. Hint: use stopGradient where none is meant to flow.")
  }
}
