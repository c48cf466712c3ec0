import Testing

/// Real processes on this machine: one at a time, because they share its processors.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProcessTests {}
