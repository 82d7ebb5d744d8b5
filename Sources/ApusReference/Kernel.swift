import ApusIR

/// A loop that works for every dtype; `run(_:)` chooses the dtype once, outside the loop.
protocol Kernel {
  func run<E: Element>(on element: E.Type)
}

extension Kernel {
  func run(_ dtype: DType) {
    switch dtype {
    case .bool: run(on: Boolean.self)
    case .u8: run(on: UInt8.self)
    case .i8: run(on: Int8.self)
    case .i16: run(on: Int16.self)
    case .i32: run(on: Int32.self)
    case .i64: run(on: Int64.self)
    case .f16: run(on: Float16.self)
    case .bf16: run(on: BFloat16.self)
    case .f32: run(on: Float.self)
    case .f64: run(on: Double.self)
    }
  }
}

/// A loop over floating dtypes only. The shape rules keep the others away.
protocol RealKernel {
  func run<E: Element>(on element: E.Type) where E.Value: Real
}

extension RealKernel {
  func run(_ dtype: DType) {
    switch dtype {
    case .f16: run(on: Float16.self)
    case .bf16: run(on: BFloat16.self)
    case .f32: run(on: Float.self)
    case .f64: run(on: Double.self)
    case .bool, .u8, .i8, .i16, .i32, .i64: break
    }
  }
}

/// A loop over integer dtypes only, `bool` excluded. The shape rules keep the others away.
protocol IntegerKernel {
  func run<E: Element & FixedWidthInteger>(on element: E.Type)
}

extension IntegerKernel {
  func run(_ dtype: DType) {
    switch dtype {
    case .u8: run(on: UInt8.self)
    case .i8: run(on: Int8.self)
    case .i16: run(on: Int16.self)
    case .i32: run(on: Int32.self)
    case .i64: run(on: Int64.self)
    case .bool, .f16, .bf16, .f32, .f64: break
    }
  }
}

/// A loop that only moves elements and so cares for their width alone.
protocol MoveKernel {
  func run<E: BitwiseCopyable>(on element: E.Type)
}

extension MoveKernel {
  func run(_ dtype: DType) {
    switch dtype.byteCount {
    case 1: run(on: UInt8.self)
    case 2: run(on: UInt16.self)
    case 4: run(on: UInt32.self)
    default: run(on: UInt64.self)
    }
  }
}
