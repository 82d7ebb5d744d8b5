// What users import. The graph's types that belong to the API are named here one by one, so that
// nodes, primitives and programs stay out of sight; modules that work on graphs import `ApusIR`.

import ApusIR
import ApusRuntime

public typealias DType = ApusIR.DType
public typealias Shape = ApusIR.Shape
public typealias Device = ApusIR.Device
public typealias BFloat16 = ApusIR.BFloat16
public typealias TensorError = ApusIR.TensorError
public typealias Profiler = ApusRuntime.Profiler
public typealias Cost = ApusRuntime.Cost
