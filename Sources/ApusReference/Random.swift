import ApusIR

func fillRandomBits(key: Dense, _ result: MutableDense) {
  let words = key.elements(Int64.self)
  let (seed, stream) = (UInt64(bitPattern: words[0]), UInt64(bitPattern: words[1]))
  if result.type.dtype == .i32 {
    let target = result.elements(UInt32.self)
    for index in 0..<result.count {
      target[index] = Philox.block(seed: seed, stream: stream, index: UInt64(index)).0
    }
  } else {
    let target = result.elements(UInt64.self)
    for index in 0..<result.count {
      let block = Philox.block(seed: seed, stream: stream, index: UInt64(index))
      target[index] = UInt64(block.1) << 32 | UInt64(block.0)
    }
  }
}
