/// The version of this software.
public enum BFTVersion {
    public static let number = "0.1.0"
    public static let text = "swift-bft/\(number)"
}
