"""The networks of RadSCR in PyTorch, one file a part."""
