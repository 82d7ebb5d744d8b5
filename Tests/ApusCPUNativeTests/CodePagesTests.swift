import Testing

@testable import ApusCPU

/// Protects that only code is let go of: pages that were written would be lost.
struct CodePagesTests {
  @Test func onlyCodeOfTheLibrary() {
    let path = "08:01 1234  /usr/lib/libLLVM.so.19.1"
    #expect(CodePages.range("1000-3000 r-xp 00001000 \(path)", "libLLVM") == 0x1000..<0x3000)
    #expect(CodePages.range("1000-3000 r--p 00001000 \(path)", "libLLVM") == nil)
    #expect(CodePages.range("1000-3000 rw-p 00001000 \(path)", "libLLVM") == nil)
    #expect(CodePages.range("1000-3000 r-xp 00001000 \(path)", "libdnnl") == nil)
    #expect(CodePages.range("1000-3000 r-xp 00001000 00:00 0", "libLLVM") == nil)
  }
}
