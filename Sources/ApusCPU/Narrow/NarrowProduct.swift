import ApusIR
import ApusRuntime
import CNarrow

/// A product of one to eight rows with a matrix, or several of one shape: the time is that of reading
/// the matrix once, so there is code for nothing else around it.
final class NarrowProduct: @unchecked Sendable {
  // Sendable: written in `init` only.

  /// Pieces of work of all products together.
  let count: Int
  /// Pieces worth a thread of their own.
  let grain: Int
  private let description: UnsafeMutablePointer<apus_narrow>
  private let offsets: UnsafeMutablePointer<Int64>

  /// Multiplications that are worth waking another thread for.
  private static let worthAThread = 40_000
  /// Products whose places are kept in a table.
  private static let mostProducts = 4_096

  /// - Returns: nil where the product has more rows or another layout.
  init?(_ matmul: Plan.Matmul) {
    guard matmul.dtype == .f32, let postOps = Self.postOps(matmul), var axes = Axes(matmul) else {
      return nil
    }
    axes.foldRows()
    let products = axes.batch.reduce(1) { $0 * $1.extent }
    let (a, b, c) = (axes.a, axes.b, axes.c)
    guard axes.rows <= Int(APUS_NARROW_ROWS), products <= Self.mostProducts,
      axes.columns == 1 || c.column == 1
    else { return nil }
    let columnsAreDense = b.column == 1 || axes.columns == 1 && axes.depth > 1 && b.row != 1
    guard columnsAreDense || (b.row == 1 || axes.depth == 1) && (a.column == 1 || axes.depth == 1)
    else { return nil }

    offsets = .allocate(capacity: 3 * products)
    for product in 0..<products {
      var (rest, places) = (product, [matmul.a.offset, matmul.b.offset, matmul.destination.offset])
      for axis in axes.batch.reversed() {
        let index = rest % axis.extent
        rest /= axis.extent
        for operand in 0..<3 { places[operand] += index * axis.strides[operand] }
      }
      for operand in 0..<3 { offsets[operand * products + product] = Int64(places[operand]) }
    }
    description = .allocate(capacity: 1)
    description.initialize(
      to: apus_narrow(
        rows: Int64(axes.rows), columns: Int64(axes.columns), depth: Int64(axes.depth),
        a_row_stride: Int64(a.row), a_depth_stride: Int64(a.column),
        b_stride: Int64(columnsAreDense ? b.row : b.column), c_row_stride: Int64(c.row),
        columns_are_dense: columnsAreDense, has_bias: matmul.bias != nil,
        post_ops: postOps, a_offsets: offsets, b_offsets: offsets + products,
        c_offsets: offsets + 2 * products, piece: 0, pieces: 0))
    apus_narrow_cut(description)
    count = products * Int(description.pointee.pieces)
    let width = min(Int(description.pointee.piece), axes.columns)
    let work = axes.rows * width * axes.depth
    grain = max(1, Self.worthAThread / max(work, 1))
  }

  deinit {
    description.deallocate()
    offsets.deallocate()
  }

  /// What follows the sums, where this code knows it.
  private static func postOps(
    _ matmul: Plan.Matmul
  ) -> (apus_narrow_post_op, apus_narrow_post_op, apus_narrow_post_op)? {
    guard !matmul.postOps.contains(.accumulate) else { return nil }
    var kinds = matmul.postOps.map { postOp in
      switch postOp {
      case .accumulate: APUS_NARROW_NOTHING
      case .add: APUS_NARROW_ADD
      case .activation(.relu): APUS_NARROW_RELU
      case .activation(.gelu): APUS_NARROW_GELU
      }
    }
    guard kinds.count <= 3 else { return nil }
    // What is added is laid out as the result where both are dense.
    for case .add(let view, _) in matmul.postOps {
      guard view.isRowMajor, matmul.destination.isRowMajor,
        view.shape.elementCount == matmul.destination.shape.elementCount
      else { return nil }
    }
    while kinds.count < 3 { kinds.append(APUS_NARROW_NOTHING) }
    return (kinds[0], kinds[1], kinds[2])
  }

  /// - Parameter addends: what is added afterwards; the first element of each is that of C's memory.
  func run(
    a: UnsafeMutableRawPointer, b: UnsafeMutableRawPointer, c: UnsafeMutableRawPointer,
    bias: UnsafeMutableRawPointer?, addends: (Int) -> UnsafeMutableRawPointer?
  ) {
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: 8) { arguments in
      arguments[0] = UnsafeMutableRawPointer(description)
      arguments[1] = a
      arguments[2] = b
      arguments[3] = c
      arguments[4] = bias
      for index in 0..<3 { arguments[5 + index] = addends(index) }
      ThreadPool.shared.run(
        kernel: { apus_narrow_run($0, Int64($1), Int64($2)) }, arguments: arguments.baseAddress!,
        count: count, grain: grain)
    }
  }
}

extension Plan.View {
  fileprivate var isRowMajor: Bool {
    zip(shape.indices, shape.rowMajorStrides).allSatisfy { shape[$0] == 1 || strides[$0] == $1 }
  }
}

extension NarrowProduct {
  /// The axes of a product; strides of A, B and C along them.
  fileprivate struct Axes {
    struct Matrix {
      var row: Int
      var column: Int
    }
    var batch: [(extent: Int, strides: [Int])]
    var rows: Int
    let columns: Int
    let depth: Int
    var a: Matrix
    let b: Matrix
    var c: Matrix

    init?(_ matmul: Plan.Matmul) {
      let views = [matmul.a, matmul.b, matmul.destination]
      let rank = matmul.destination.shape.rank
      guard views.allSatisfy({ $0.shape.rank == rank }) else { return nil }
      func matrix(_ view: Plan.View) -> Matrix {
        Matrix(row: view.strides[rank - 2], column: view.strides[rank - 1])
      }
      (a, b, c) = (matrix(views[0]), matrix(views[1]), matrix(views[2]))
      rows = matmul.destination.shape[rank - 2]
      columns = matmul.destination.shape[rank - 1]
      depth = matmul.a.shape[rank - 1]
      batch = (0..<(rank - 2)).compactMap { axis in
        let extent = matmul.destination.shape[axis]
        return extent == 1
          ? nil : (extent, views.map { $0.shape[axis] == 1 ? 0 : $0.strides[axis] })
      }
    }

    /// Makes rows of the inner batch axes along which B stays the same.
    mutating func foldRows() {
      while let (extent, strides) = batch.last, strides[1] == 0 {
        if rows == 1 {
          (a.row, c.row) = (strides[0], strides[2])
        } else if strides[0] != rows * a.row || strides[2] != rows * c.row {
          return
        }
        rows *= extent
        batch.removeLast()
      }
    }
  }
}
