import ApusIR
import ApusRuntime

/// Kernels of the kinds the compiler makes, for tests and benchmarks.
enum Examples {
  typealias Statement = Kernel.Statement

  /// The reduction of all elements.
  static func total(_ dtype: DType, _ count: Int, _ op: Reduction) -> Kernel {
    Kernel(
      arguments: [input(dtype, count), output(dtype, 1)], extents: [count],
      body: [
        .declare(0, dtype, count: 1, initial: op.identity(dtype)),
        .loop(
          0, isVectorizable: true,
          body: [
            .define(0, dtype, .load(0, .of(0))),
            .accumulate(0, at: .at(0), op, 0),
          ]),
        .define(1, dtype, .read(0, at: .at(0))),
        .store(argument: 1, at: .at(0), 1),
      ])
  }

  static func softmax(rows: Int, columns: Int) -> Kernel {
    let count = rows * columns
    let place = Kernel.Index(terms: [.init(0, stride: columns), .init(1, stride: 1)])
    let (maximum, sum) = (0, 1)
    func shifted(_ first: Int) -> [Statement] {
      [
        .define(first, .f32, .load(0, place)),
        .define(first + 1, .f32, .binary(.subtract, first, 50)),
        .define(first + 2, .f32, .unary(.exp, first + 1)),
      ]
    }
    return Kernel(
      arguments: [input(.f32, count), output(.f32, count)], extents: [rows, columns],
      parallel: [0],
      body: [
        .declare(maximum, .f32, count: 1, initial: .lowest(.f32)),
        .loop(
          1, isVectorizable: true,
          body: [
            .define(0, .f32, .load(0, place)),
            .accumulate(maximum, at: .at(0), .maximum, 0),
          ]),
        .define(50, .f32, .read(maximum, at: .at(0))),
        .declare(sum, .f32, count: 1, initial: .floating(0)),
        .loop(
          1, isVectorizable: true,
          body: shifted(1) + [.accumulate(sum, at: .at(0), .sum, 3)]),
        .define(51, .f32, .read(sum, at: .at(0))),
        .loop(
          1, isVectorizable: true,
          body: shifted(4) + [
            .define(7, .f32, .binary(.divide, 6, 51)),
            .store(argument: 1, at: place, 7),
          ]),
      ])
  }

  /// Argument 0: the key, `i64[2]`.
  static func philox(_ dtype: DType, _ count: Int) -> Kernel {
    Kernel(
      arguments: [input(.i64, 2), output(dtype, count)], extents: [count], parallel: [0],
      body: [
        .define(0, .i64, .load(0, .at(0))),
        .define(1, .i64, .load(0, .at(1))),
        .define(2, dtype, .randomBits(seed: 0, stream: 1, element: .of(0))),
        .store(argument: 1, at: .of(0), 2),
      ])
  }

  /// A matrix with a border of one -1 on each side.
  static func padded(rows: Int, columns: Int) -> Kernel {
    let source = Kernel.Index(
      offset: -columns - 1, terms: [.init(0, stride: columns), .init(1, stride: 1)])
    let target = Kernel.Index(terms: [.init(0, stride: columns + 2), .init(1, stride: 1)])
    return Kernel(
      arguments: [input(.f32, rows * columns), output(.f32, (rows + 2) * (columns + 2))],
      extents: [rows + 2, columns + 2], parallel: [0, 1],
      body: [
        .define(
          0, .f32,
          .load(
            argument: 0, at: source,
            guards: [
              .init(.of(0), in: 1..<rows + 1), .init(.of(1), in: 1..<columns + 1),
            ], otherwise: .floating(-1))),
        .store(argument: 1, at: target, 0),
      ])
  }

  static func columnSums(rows: Int, columns: Int) -> Kernel {
    Kernel(
      arguments: [input(.f32, rows * columns), output(.f32, columns)],
      extents: [rows, columns],
      body: [
        .declare(0, .f32, count: columns, initial: .floating(0)),
        .loop(
          0, isVectorizable: false,
          body: [
            .loop(
              1, isVectorizable: true,
              body: [
                .define(
                  0, .f32,
                  .load(0, .init(terms: [.init(0, stride: columns), .init(1, stride: 1)]))),
                .accumulate(0, at: .of(1), .sum, 0),
              ])
          ]),
        .loop(
          1, isVectorizable: true,
          body: [
            .define(1, .f32, .read(0, at: .of(1))),
            .store(argument: 1, at: .of(1), 1),
          ]),
      ])
  }

  /// Arguments: the table, row numbers (i64), the result.
  static func gatherRows(rows: Int, table: Int, columns: Int) -> Kernel {
    Kernel(
      arguments: [input(.f32, table * columns), input(.i64, rows), output(.f32, rows * columns)],
      extents: [rows, columns], parallel: [0, 1],
      body: [
        .define(0, .i64, .load(1, .of(0))),
        .define(
          1, .f32,
          .load(
            argument: 0,
            at: .init(terms: [.init(1, stride: 1)], dynamic: [.init(0, stride: columns)]),
            guards: [.init(.init(dynamic: [.init(0, stride: 1)]), in: 0..<table)],
            otherwise: .floating(.nan))),
        .store(
          argument: 2, at: .init(terms: [.init(0, stride: columns), .init(1, stride: 1)]), 1),
      ])
  }

  static func transpose(rows: Int, columns: Int) -> Kernel {
    Kernel(
      arguments: [input(.f32, rows * columns), output(.f32, rows * columns)],
      extents: [columns, rows], parallel: [0, 1],
      body: [
        .define(
          0, .f32, .load(0, .init(terms: [.init(0, stride: 1), .init(1, stride: columns)]))),
        .store(argument: 1, at: .init(terms: [.init(0, stride: rows), .init(1, stride: 1)]), 0),
      ])
  }

  /// The place of the first greatest number of each row; a NaN is the greatest.
  static func argMax(rows: Int, columns: Int) -> Kernel {
    let place = Kernel.Index(terms: [.init(0, stride: columns), .init(1, stride: 1)])
    return Kernel(
      arguments: [input(.f32, rows * columns), output(.i64, rows)], extents: [rows, columns],
      parallel: [0],
      body: [
        .declare(0, .f32, count: 1, initial: .floating(-.infinity)),
        .declare(1, .i64, count: 1, initial: .integer(0)),
        .loop(
          1, isVectorizable: false,
          body: [
            .define(0, .f32, .load(0, place)),
            .define(1, .f32, .read(0, at: .at(0))),
            .define(2, .bool, .compare(.lessEqual, 0, 1)),
            .define(3, .bool, .unary(.not, 2)),
            .define(4, .bool, .compare(.equal, 1, 1)),
            .define(5, .bool, .binary(.and, 3, 4)),
            .define(6, .i64, .index(.of(1))),
            .when(
              5,
              body: [
                .accumulate(0, at: .at(0), .maximum, 0),
                .assign(1, at: .at(0), 6),
              ]),
          ]),
        .define(7, .i64, .read(1, at: .at(0))),
        .store(argument: 1, at: .of(0), 7),
      ])
  }
}
