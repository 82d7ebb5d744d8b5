import Foundation
import Testing

@testable import ApusCPU

/// The small linker: what LLVM emits for kernels, loaded without LLVM.
@Suite(.enabled(if: (try? LLVMLibrary.shared.get()) != nil, "needs libLLVM"))
struct LinkedImageTests {
  let jit: JIT

  init() throws { jit = try JIT.shared.get() }

  /// Constants of two sizes, a jump table, a table of numbers, a call of the C library and one of
  /// `memset`, which LLVM makes of the loop.
  private static let program = """
    @table = internal constant [4 x i32] [i32 11, i32 22, i32 33, i32 44]
    declare float @expf(float)
    define internal i32 @inner(i32 %x) noinline {
      %y = mul i32 %x, 3
      ret i32 %y
    }
    define i32 @choose(i32 %x) {
    entry:
      switch i32 %x, label %other [
        i32 0, label %a
        i32 1, label %b
        i32 2, label %c
        i32 3, label %d
        i32 4, label %e
      ]
    a:
      %ra = call i32 @inner(i32 %x)
      ret i32 %ra
    b:
      %rb = call i32 @inner(i32 5)
      ret i32 %rb
    c:
      %rc = call i32 @inner(i32 7)
      ret i32 %rc
    d:
      %p = getelementptr [4 x i32], ptr @table, i64 0, i32 %x
      %rd = load i32, ptr %p
      ret i32 %rd
    e:
      %f = sitofp i32 %x to float
      %g = call float @expf(float %f)
      %h = fadd float %g, 0.625
      %re = fptosi float %h to i32
      ret i32 %re
    other:
      ret i32 -1
    }
    define void @clear(ptr %p, i64 %count) {
    entry:
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %q = getelementptr i8, ptr %p, i64 %i
      store i8 0, ptr %q
      %next = add i64 %i, 1
      %more = icmp slt i64 %next, %count
      br i1 %more, label %loop, label %done
    done:
      ret void
    }
    """

  private func image(_ object: [UInt8]) throws -> LinkedImage {
    try object.withUnsafeBytes { try LinkedImage($0) }
  }

  @Test(arguments: [JIT.Optimisation.none, .some, .full])
  func linksWhatLLVMEmits(_ optimisation: JIT.Optimisation) throws {
    let object = try jit.emitObject(ir: Self.program, optimisation: optimisation)
    let image = try image(object)
    typealias Choose = @convention(c) (Int32) -> Int32
    let choose = unsafeBitCast(try #require(image.address(of: "choose")), to: Choose.self)
    #expect((0...5).map { choose($0) } == [0, 15, 21, 44, 55, -1])
    typealias Clear = @convention(c) (UnsafeMutableRawPointer, Int) -> Void
    let clear = unsafeBitCast(try #require(image.address(of: "clear")), to: Clear.self)
    var bytes = [UInt8](repeating: 1, count: 1_000)
    clear(&bytes, 999)
    #expect(bytes == [UInt8](repeating: 0, count: 999) + [1])
    #expect(image.address(of: "nowhere") == nil)
  }

  @Test func codeOutlivesOtherImages() throws {
    let object = try jit.emitObject(ir: "define i64 @f() {\n  ret i64 7\n}\n")
    let kept = try image(object)
    for _ in 0..<100 { _ = try image(object) }
    typealias Constant = @convention(c) () -> Int
    #expect(unsafeBitCast(kept.address(of: "f")!, to: Constant.self)() == 7)
  }

  @Test func missingFunctionsAreErrors() throws {
    let object = try jit.emitObject(
      ir: "declare void @apus_nowhere()\ndefine void @f() {\n  call void @apus_nowhere()\n  ret void\n}\n")
    let error = #expect(throws: JITError.self) { try image(object) }
    #expect("\(error!)".contains("apus_nowhere"))
  }

  /// A file that ends early, or whose headers are wrong, must not be read beyond its end.
  @Test func damagedFilesAreErrorsOrHarmless() throws {
    let object = try jit.emitObject(ir: Self.program)
    for length in stride(from: 0, to: object.count - 1, by: 3) {
      _ = try? image(Array(object[..<length]))
    }
    #expect(throws: JITError.self) { try image(Array(object[..<63])) }
    #expect(throws: JITError.self) { try image(Array(object[..<(object.count - 32)])) }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      var damaged = object
      for _ in 0..<4 {
        damaged[Int.random(in: 0..<object.count, using: &random)] = UInt8.random(in: 0...255)
      }
      _ = try? image(damaged)
    }
  }

  @Test func otherFilesAreErrors() {
    for bytes in [[], Array("not an object file, but long enough to hold a header of one".utf8)] {
      #expect(throws: JITError.self) { try image(bytes) }
    }
  }
}
