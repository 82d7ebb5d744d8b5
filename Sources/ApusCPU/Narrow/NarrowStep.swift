import ApusIR
import ApusRuntime

/// A product of few rows by our own code.
struct NarrowStep: PreparedStep {
  private let matmul: Plan.Matmul
  private let product: NarrowProduct
  private let addends: [Plan.View]

  /// - Returns: nil where the product is a matter for the library.
  init?(_ matmul: Plan.Matmul) {
    guard let product = NarrowProduct(matmul) else { return nil }
    self.matmul = matmul
    self.product = product
    addends = matmul.postOps.compactMap { postOp in
      if case .add(let view, _) = postOp { view } else { nil }
    }
  }

  func run(_ workspace: Workspace, index: Int) {
    product.run(
      a: workspace.blocks[matmul.a.block], b: workspace.blocks[matmul.b.block],
      c: workspace.blocks[matmul.destination.block],
      bias: matmul.bias.map { workspace.address($0, .f32) },
      addends: { index in
        guard index < addends.count else { return nil }
        // Places are counted from the start of the result's block.
        let shift = addends[index].offset - matmul.destination.offset
        return workspace.blocks[addends[index].block] + shift * MemoryLayout<Float>.stride
      })
  }
}
