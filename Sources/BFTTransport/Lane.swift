internal import BFTCrypto
