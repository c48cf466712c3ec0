// What a program needs that holds a validator: one import instead of seven.
@_exported public import BFTApplication
@_exported public import BFTBase
@_exported public import BFTConfiguration
@_exported public import BFTCore
@_exported public import BFTLedger
@_exported public import BFTNode
@_exported public import KeyValueStore
@_exported public import ProtocolHotStuff
@_exported public import ProtocolPBFT
@_exported public import ProtocolSimplex
