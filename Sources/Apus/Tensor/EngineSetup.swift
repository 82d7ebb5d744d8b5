import ApusEngines

/// Makes the engines known to the runtime before the first computation.
enum EngineSetup {
  static func prepare() { Engines.registered }
}
