"""The export toolchain: trains the networks, quantises them and builds verified bundles."""
