#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number type that LAPACK has routines for.
package protocol LAPACKScalar: BinaryFloatingPoint, Sendable {
  static var routines: Result<LAPACKRoutines, LAPACKError> { get }
}

extension Float: LAPACKScalar {
  package static let routines = LAPACKRoutines.load(letter: "s")
}

extension Double: LAPACKScalar {
  package static let routines = LAPACKRoutines.load(letter: "d")
}

/// LAPACK's Fortran routines for one number type, found in a library opened at run time.
///
/// Every argument is a pointer. Fortran compilers append the lengths of the character arguments,
/// so these are passed too.
package struct LAPACKRoutines: Sendable {
  typealias Scalars = UnsafeMutableRawPointer?
  typealias Flag = UnsafePointer<CChar>
  typealias Number = UnsafePointer<Int32>
  typealias Numbers = UnsafeMutablePointer<Int32>

  /// potrf(uplo, n, a, lda, info)
  let potrf: @convention(c) @Sendable (Flag, Number, Scalars, Number, Numbers, Int) -> Void
  /// getrf(m, n, a, lda, pivots, info)
  let getrf: @convention(c) @Sendable (Number, Number, Scalars, Number, Numbers, Numbers) -> Void
  /// getrs(trans, n, nrhs, a, lda, pivots, b, ldb, info)
  let getrs:
    @convention(c) @Sendable (
      Flag, Number, Number, Scalars, Number, Numbers, Scalars, Number, Numbers, Int
    ) -> Void
  /// trtrs(uplo, trans, diag, n, nrhs, a, lda, b, ldb, info)
  let trtrs:
    @convention(c) @Sendable (
      Flag, Flag, Flag, Number, Number, Scalars, Number, Scalars, Number, Numbers, Int, Int, Int
    ) -> Void
  /// geqrf(m, n, a, lda, tau, work, lwork, info)
  let geqrf:
    @convention(c) @Sendable (
      Number, Number, Scalars, Number, Scalars, Scalars, Number, Numbers
    ) -> Void
  /// orgqr(m, n, k, a, lda, tau, work, lwork, info)
  let orgqr:
    @convention(c) @Sendable (
      Number, Number, Number, Scalars, Number, Scalars, Scalars, Number, Numbers
    ) -> Void
  /// gesdd(jobz, m, n, a, lda, s, u, ldu, vt, ldvt, work, lwork, iwork, info)
  let gesdd:
    @convention(c) @Sendable (
      Flag, Number, Number, Scalars, Number, Scalars, Scalars, Number, Scalars, Number, Scalars,
      Number, Numbers, Numbers, Int
    ) -> Void
  /// syevd(jobz, uplo, n, a, lda, w, work, lwork, iwork, liwork, info)
  let syevd:
    @convention(c) @Sendable (
      Flag, Flag, Number, Scalars, Number, Scalars, Scalars, Number, Numbers, Number, Numbers,
      Int, Int
    ) -> Void

  fileprivate static func load(letter: String) -> Result<Self, LAPACKError> {
    Result { () throws(LAPACKError) in try Self(LAPACKLibrary.shared.get(), letter) }
  }

  private init(_ library: LAPACKLibrary, _ letter: String) throws(LAPACKError) {
    potrf = try library.find(letter + "potrf_")
    getrf = try library.find(letter + "getrf_")
    getrs = try library.find(letter + "getrs_")
    trtrs = try library.find(letter + "trtrs_")
    geqrf = try library.find(letter + "geqrf_")
    orgqr = try library.find(letter + "orgqr_")
    gesdd = try library.find(letter + "gesdd_")
    syevd = try library.find(letter + "syevd_")
  }
}

/// The opened library. `APUS_LAPACK` names another file to open; `none` makes it unavailable.
private struct LAPACKLibrary: Sendable {
  // The handle is only passed to dlsym, which may be called from any thread.
  nonisolated(unsafe) let handle: UnsafeMutableRawPointer
  let name: String

  static let shared: Result<LAPACKLibrary, LAPACKError> = Result { () throws(LAPACKError) in
    try LAPACKLibrary()
  }

  private init() throws(LAPACKError) {
    var names = ["liblapack.so.3", "libopenblas.so.0"]
    if let chosen = getenv("APUS_LAPACK").map({ String(cString: $0) }), !chosen.isEmpty {
      if chosen == "none" { throw .unavailable("LAPACK is switched off by APUS_LAPACK=none.") }
      names = [chosen]
    }
    for name in names {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      self.handle = handle
      self.name = name
      return
    }
    throw .unavailable(
      "Decompositions and linear systems need LAPACK, which was not found. Install liblapack3 (or "
        + "libopenblas0), or set APUS_LAPACK to the path of the library.")
  }

  func find<Function>(_ symbol: String) throws(LAPACKError) -> Function {
    guard let address = dlsym(handle, symbol) else {
      throw .unavailable("\(name) has no routine \(symbol). Install liblapack3 or libopenblas0.")
    }
    return unsafeBitCast(address, to: Function.self)
  }
}
