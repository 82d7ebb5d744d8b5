import ApusFormats

/// SQLite's C functions, found in a libsqlite3 that is opened at run time.
///
/// The prototypes are written by hand from SQLite's documentation, so that building Apus needs no headers; its
/// authors keep them unchanged. `APUS_SQLITE` in the environment names the file to open.
struct SQLiteLibrary: Sendable {
  static let shared = Result { try SQLiteLibrary() }

  typealias Handle = OpaquePointer

  let open: @convention(c) (UnsafePointer<CChar>?, UnsafeMutablePointer<Handle?>?, Int32, UnsafePointer<CChar>?) -> Int32
  let close: @convention(c) (Handle?) -> Int32
  let message: @convention(c) (Handle?) -> UnsafePointer<CChar>?
  let busyTimeout: @convention(c) (Handle?, Int32) -> Int32
  let prepare:
    @convention(c) (
      Handle?, UnsafePointer<CChar>?, Int32, UnsafeMutablePointer<Handle?>?,
      UnsafeMutablePointer<UnsafePointer<CChar>?>?
    ) -> Int32
  let finalize: @convention(c) (Handle?) -> Int32
  let step: @convention(c) (Handle?) -> Int32
  let isReadOnly: @convention(c) (Handle?) -> Int32
  let parameterCount: @convention(c) (Handle?) -> Int32
  let bindInt: @convention(c) (Handle?, Int32, Int64) -> Int32
  let bindDouble: @convention(c) (Handle?, Int32, Double) -> Int32
  let bindText: @convention(c) (Handle?, Int32, UnsafePointer<CChar>?, Int32, OpaquePointer?) -> Int32
  let columnCount: @convention(c) (Handle?) -> Int32
  let columnName: @convention(c) (Handle?, Int32) -> UnsafePointer<CChar>?
  let columnType: @convention(c) (Handle?, Int32) -> Int32
  let columnInt: @convention(c) (Handle?, Int32) -> Int64
  let columnDouble: @convention(c) (Handle?, Int32) -> Double
  let columnText: @convention(c) (Handle?, Int32) -> UnsafePointer<UInt8>?
  let columnByteCount: @convention(c) (Handle?, Int32) -> Int32

  private init() throws {
    let library = try DynamicLibrary(
      "SQLite, which reads databases", names: ["libsqlite3.so.0", "libsqlite3.dylib"], package: "libsqlite3-0",
      variable: "APUS_SQLITE")
    open = try library.function("sqlite3_open_v2")
    close = try library.function("sqlite3_close_v2")
    message = try library.function("sqlite3_errmsg")
    busyTimeout = try library.function("sqlite3_busy_timeout")
    prepare = try library.function("sqlite3_prepare_v2")
    finalize = try library.function("sqlite3_finalize")
    step = try library.function("sqlite3_step")
    isReadOnly = try library.function("sqlite3_stmt_readonly")
    parameterCount = try library.function("sqlite3_bind_parameter_count")
    bindInt = try library.function("sqlite3_bind_int64")
    bindDouble = try library.function("sqlite3_bind_double")
    bindText = try library.function("sqlite3_bind_text")
    columnCount = try library.function("sqlite3_column_count")
    columnName = try library.function("sqlite3_column_name")
    columnType = try library.function("sqlite3_column_type")
    columnInt = try library.function("sqlite3_column_int64")
    columnDouble = try library.function("sqlite3_column_double")
    columnText = try library.function("sqlite3_column_text")
    columnByteCount = try library.function("sqlite3_column_bytes")
  }

  /// Numbers of sqlite3.h.
  enum Code {
    static let ok: Int32 = 0
    static let row: Int32 = 100
    static let done: Int32 = 101
    static let openReadOnly: Int32 = 1
    /// Tells SQLite to copy a text that is bound.
    static var transient: OpaquePointer? { OpaquePointer(bitPattern: -1) }
  }
}
