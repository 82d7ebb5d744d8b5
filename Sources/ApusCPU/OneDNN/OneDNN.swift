import ApusIR
import COneDNN

/// The oneDNN library: whether it is there, and which version.
package enum OneDNN {
  /// Nil when oneDNN can be used, else a sentence that says what to install.
  package static let unavailableReason: String? = {
    // The thread pool sets OpenMP's defaults, which must happen before oneDNN brings it in.
    _ = ThreadPool.shared
    return apus_onednn_load().map { String(cString: $0) }
  }()

  package static var isAvailable: Bool { unavailableReason == nil }

  /// The version in use, such as `2.6.3`; nil when oneDNN is not available.
  package static let version: String? = {
    guard isAvailable else { return nil }
    var major: Int32 = 0
    var minor: Int32 = 0
    var patch: Int32 = 0
    apus_onednn_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }()
}

/// Why a primitive could not be made or run.
package enum OneDNNError: Error, Equatable, CustomStringConvertible {
  /// The library is missing; the sentence says what to install.
  case unavailable(String)
  /// oneDNN has no implementation; the caller takes another path.
  case unsupported(String)
  /// The description contradicts itself: a mistake of the caller.
  case invalid(String)
  case failed(String)

  package var description: String {
    switch self {
    case .unavailable(let text), .unsupported(let text), .invalid(let text), .failed(let text):
      text
    }
  }

  init(_ status: apus_dnnl_status, _ subject: @autoclosure () -> String) {
    let sentence = String(cString: apus_dnnl_status_sentence(status))
    switch status {
    case APUS_DNNL_UNAVAILABLE: self = .unavailable(sentence)
    case APUS_DNNL_UNSUPPORTED: self = .unsupported("\(subject()): \(sentence)")
    case APUS_DNNL_INVALID: self = .invalid("\(subject()): \(sentence)")
    default: self = .failed("\(subject()): \(sentence)")
    }
  }
}

extension apus_dnnl_type {
  /// oneDNN's number type, if it has this one.
  init(_ dtype: DType) throws(OneDNNError) {
    switch dtype {
    case .f32: self = APUS_DNNL_F32
    case .bf16: self = APUS_DNNL_BF16
    case .f16: self = APUS_DNNL_F16
    case .i32: self = APUS_DNNL_S32
    case .i8: self = APUS_DNNL_S8
    case .u8: self = APUS_DNNL_U8
    case .bool, .i16, .i64, .f64: throw .unsupported("oneDNN has no numbers of dtype \(dtype).")
    }
  }
}
