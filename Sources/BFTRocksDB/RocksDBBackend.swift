import BFTStorage
