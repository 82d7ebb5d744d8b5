/// Every function whose gradient is checked against differences. A primitive with a gradient rule
/// that has no case here fails `RegistryTests`.
enum GradientCases {
  static let all: [GradientCase] =
    elementwise + movement + reductions + contractions + windows + indexing + control
}
