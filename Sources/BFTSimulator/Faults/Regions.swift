/// Five regions of a cloud, and how long a packet takes between them.
///
/// Half of the mean round-trip times of "Latency Between AWS Global Regions" (2017), as quoted at
/// acomputerscientistlearnsaws.blogspot.com/2017/04/aws-regions.html: North Virginia, Ireland,
/// Tokyo, Singapore, São Paulo.
public enum Regions {
    public static let names = ["virginia", "ireland", "tokyo", "singapore", "sao-paulo"]

    /// From one region to another, in microseconds, without jitter.
    public static let microseconds: [[UInt64]] = [
        [0, 40_275, 72_650, 108_350, 59_750],
        [40_275, 0, 106_200, 119_500, 95_650],
        [72_650, 106_200, 0, 36_900, 128_400],
        [108_350, 119_500, 36_900, 0, 164_050],
        [59_750, 95_650, 128_400, 164_050, 0],
    ]

    /// One way between two validators, which are dealt to the regions in turn.
    static func microseconds(from sender: Int, to target: Int) -> UInt64 {
        microseconds[sender % names.count][target % names.count]
    }
}
