import Apus
import Foundation

/// A pole on a cart that is pushed to the left (action 0) or to the right (1) and must not fall (Barto,
/// Sutton and Anderson, 1983). Numbers, thresholds and the end after 500 steps are those of
/// Gymnasium's `CartPole-v1`.
///
/// Observation: place of the cart in metres, its speed, angle of the pole in radians, its speed. Each
/// step, of 0.02 s, gives a reward of 1.
public struct CartPole: Environment {
  public static let observationSize = 4
  public static let actionCount = 2
  /// Steps after which an episode ends in any case.
  public static let maximumSteps = 500
  /// The cart's place and the pole's angle, to either side, beyond which the episode ends.
  public static let maximumPlace = 2.4
  public static let maximumAngle = 12 * 2 * Double.pi / 360

  private static let gravity = 9.8
  private static let poleMass = 0.1
  private static let totalMass = 1.1
  /// Half the pole, in metres.
  private static let length = 0.5
  private static let force = 10.0
  private static let seconds = 0.02

  public private(set) var place = 0.0
  public private(set) var speed = 0.0
  public private(set) var angle = 0.0
  public private(set) var angularSpeed = 0.0
  /// Steps of this episode.
  public private(set) var steps = 0

  /// At rest in the middle, the pole upright.
  public init() {}

  public init(place: Double, speed: Double, angle: Double, angularSpeed: Double) {
    self.place = place
    self.speed = speed
    self.angle = angle
    self.angularSpeed = angularSpeed
  }

  public var observation: [Float] { [place, speed, angle, angularSpeed].map(Float.init) }

  public mutating func reset(using generator: inout some RandomNumberGenerator) {
    let start = (0..<4).map { _ in Double.random(in: -0.05...0.05, using: &generator) }
    self = CartPole(place: start[0], speed: start[1], angle: start[2], angularSpeed: start[3])
  }

  public mutating func step(_ action: Int) -> Outcome {
    check(
      action == 0 || action == 1, .argument, "CartPole", "the action is 0 or 1, not \(action)")
    let push = action == 1 ? CartPole.force : -CartPole.force
    let (sine, cosine) = (sin(angle), cos(angle))
    let moment = CartPole.poleMass * CartPole.length
    let thrust = (push + moment * (angularSpeed * angularSpeed) * sine) / CartPole.totalMass
    let inertia = 4.0 / 3 - CartPole.poleMass * (cosine * cosine) / CartPole.totalMass
    let turning = (CartPole.gravity * sine - cosine * thrust) / (CartPole.length * inertia)
    let acceleration = thrust - moment * turning * cosine / CartPole.totalMass
    place += CartPole.seconds * speed
    speed += CartPole.seconds * acceleration
    angle += CartPole.seconds * angularSpeed
    angularSpeed += CartPole.seconds * turning
    steps += 1
    if abs(place) > CartPole.maximumPlace || abs(angle) > CartPole.maximumAngle {
      return Outcome(reward: 1, end: .terminal)
    }
    return Outcome(reward: 1, end: steps >= CartPole.maximumSteps ? .truncated : nil)
  }
}
