import Foundation
import Testing

@testable import ApusCPU

/// `c[i] = a[i] + b[i]` over [start, end).
private let vectorAdd = """
  define void @add(ptr %arguments, i64 %start, i64 %end) #0 {
  entry:
    %a = load ptr, ptr %arguments
    %b.slot = getelementptr ptr, ptr %arguments, i64 1
    %b = load ptr, ptr %b.slot
    %c.slot = getelementptr ptr, ptr %arguments, i64 2
    %c = load ptr, ptr %c.slot
    br label %check
  check:
    %i = phi i64 [ %start, %entry ], [ %next, %loop ]
    %more = icmp slt i64 %i, %end
    br i1 %more, label %loop, label %done
  loop:
    %pa = getelementptr float, ptr %a, i64 %i
    %pb = getelementptr float, ptr %b, i64 %i
    %pc = getelementptr float, ptr %c, i64 %i
    %x = load float, ptr %pa
    %y = load float, ptr %pb
    %sum = fadd float %x, %y
    store float %sum, ptr %pc
    %next = add i64 %i, 1
    br label %check
  done:
    ret void
  }
  attributes #0 = { "prefer-vector-width"="512" }
  """

/// The sum of `expf(floor(x))`, so that an intrinsic and a libm call are resolved.
private let reduction = """
  declare float @llvm.floor.f32(float)
  declare float @expf(float)
  define float @total(ptr %x, i64 %count) {
  entry:
    br label %loop
  loop:
    %i = phi i64 [ 0, %entry ], [ %next, %loop ]
    %sum = phi float [ 0.0, %entry ], [ %new, %loop ]
    %p = getelementptr float, ptr %x, i64 %i
    %v = load float, ptr %p
    %f = call float @llvm.floor.f32(float %v)
    %e = call float @expf(float %f)
    %new = fadd float %sum, %e
    %next = add i64 %i, 1
    %more = icmp slt i64 %next, %count
    br i1 %more, label %loop, label %done
  done:
    ret float %new
  }
  """

private func constant(_ name: String, _ value: Int) -> String {
  "define i64 @\(name)() {\n  ret i64 \(value)\n}\n"
}

private typealias Constant = @convention(c) () -> Int

private let llvmIsAvailable = (try? LLVMLibrary.shared.get()) != nil

@Suite(.enabled(if: llvmIsAvailable, "needs libLLVM"))
struct JITTests {
  let jit: JIT

  init() throws { jit = try JIT.shared.get() }

  @Test(arguments: [JIT.Optimisation.none, .some, .full])
  func addsVectorsOnThePool(_ optimisation: JIT.Optimisation) throws {
    let module = try jit.compile(ir: vectorAdd, functions: ["add"], optimisation: optimisation)
    let address = try #require(module.address(of: "add"))
    let kernel = unsafeBitCast(address, to: ThreadPool.Kernel.self)
    let count = 10_007
    var a = (0..<count).map(Float.init)
    var b = (0..<count).map { Float($0) * 0.5 }
    var c = [Float](repeating: -1, count: count)
    a.withUnsafeMutableBytes { a in
      b.withUnsafeMutableBytes { b in
        c.withUnsafeMutableBytes { c in
          let arguments = [a.baseAddress, b.baseAddress, c.baseAddress]
          ThreadPool.shared.run(kernel: kernel, arguments: arguments, count: count)
        }
      }
    }
    #expect(c == (0..<count).map { Float($0) * 1.5 })
    withExtendedLifetime(module) {}
  }

  @Test func reducesWithIntrinsicsAndLibm() throws {
    typealias Total = @convention(c) (UnsafePointer<Float>, Int) -> Float
    let module = try jit.compile(ir: reduction, functions: ["total"])
    let total = unsafeBitCast(try #require(module.address(of: "total")), to: Total.self)
    let x: [Float] = [0.5, 1.25, -0.5]
    #expect(abs(total(x, 3) - (1 + exp(Float(1)) + exp(Float(-1)))) < 1e-5)
    withExtendedLifetime(module) {}
  }

  @Test(
    arguments: [
      ("define void @f( {", "expected type"),
      ("define void @f() {\n  %x = add i32 1, 2.0\n  ret void\n}", "2.0"),
      // Parses, but a value is used where it is not defined.
      (
        """
        define i32 @f(i1 %c) {
          br i1 %c, label %a, label %b
        a:
          %x = add i32 1, 2
          br label %b
        b:
          ret i32 %x
        }
        """, "dominate"
      ),
    ])
  func invalidIRThrowsWithLLVMsMessage(_ ir: String, _ excerpt: String) throws {
    let error = #expect(throws: JITError.self) {
      try jit.compile(ir: ir, functions: ["f"])
    }
    guard case .invalidIR(let message) = error else {
      Issue.record("\(String(describing: error)) is not .invalidIR")
      return
    }
    #expect(message.contains(excerpt), "\(message)")
  }

  @Test func missingFunctionsAndSymbolsThrow() throws {
    #expect(throws: JITError.missingFunction("g")) {
      try jit.compile(ir: constant("f", 1), functions: ["g"])
    }
    let calls = """
      declare void @apus_no_such_function()
      define void @f() {
        call void @apus_no_such_function()
        ret void
      }
      """
    let error = #expect(throws: JITError.self) { try jit.compile(ir: calls, functions: ["f"]) }
    #expect("\(error!)".contains("apus_no_such_function"), "\(error!)")
    let nonsense = #expect(throws: JITError.self) {
      try jit.load(object: Array("not an object file".utf8), functions: ["f"])
    }
    guard case .linking = nonsense else {
      Issue.record("\(String(describing: nonsense)) is not .linking")
      return
    }
    // The JIT still works afterwards.
    let module = try jit.compile(ir: constant("f", 3), functions: ["f"])
    #expect(unsafeBitCast(module.address(of: "f")!, to: Constant.self)() == 3)
  }

  @Test func compilesConcurrentlyWithEqualNames() async throws {
    let values = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
      for index in 0..<32 {
        group.addTask {
          let module = try jit.compile(ir: constant("f", index), functions: ["f"])
          return (index, unsafeBitCast(module.address(of: "f")!, to: Constant.self)())
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(values.count == 32)
    for (index, value) in values { #expect(index == value) }
  }

  @Test func modulesAreIndependentAndGoAway() throws {
    var first: CompiledModule? = try jit.compile(ir: constant("f", 1), functions: ["f"])
    let second = try jit.compile(ir: constant("f", 2), functions: ["f"])
    #expect(unsafeBitCast(first!.address(of: "f")!, to: Constant.self)() == 1)
    weak let gone = first
    first = nil
    #expect(gone == nil)
    // Its place is used again, and the other module is untouched.
    for value in 3..<40 {
      let module = try jit.compile(ir: constant("f", value), functions: ["f"])
      #expect(unsafeBitCast(module.address(of: "f")!, to: Constant.self)() == value)
    }
    #expect(unsafeBitCast(second.address(of: "f")!, to: Constant.self)() == 2)
    #expect(second.address(of: "g") == nil)
  }

  @Test func objectsCanBeStoredAndLoadedTwice() throws {
    let object = try jit.emitObject(ir: constant("f", 7), functions: ["f"])
    #expect(Array(object.prefix(4)) == [0x7f, 0x45, 0x4c, 0x46])  // ELF
    let first = try jit.load(object: object, functions: ["f"])
    let second = try jit.load(object: object, functions: ["f"])
    #expect(first.address(of: "f") != second.address(of: "f"))
    #expect(unsafeBitCast(second.address(of: "f")!, to: Constant.self)() == 7)
    withExtendedLifetime(first) {}
  }

  /// Protects the claim that the attribute gives 512-bit loops where the processor has them.
  @Test(.enabled(if: (try? JIT.shared.get().hostFeatures.contains("+avx512f")) ?? false))
  func preferredVectorWidthIsHonoured() throws {
    let usesZmm = { (ir: String) throws in
      let object = try jit.emitObject(ir: ir, functions: ["add"])
      // vaddps zmm: EVEX prefix 62, map and length bits, opcode 58.
      return (0..<(object.count - 6)).contains {
        object[$0] == 0x62 && object[$0 + 1] & 0x07 == 1 && object[$0 + 3] & 0x60 == 0x40
          && object[$0 + 4] == 0x58
      }
    }
    #expect(try usesZmm(vectorAdd))
    #expect(try !usesZmm(vectorAdd.replacingOccurrences(of: "\"512\"", with: "\"256\"")))
  }
}
