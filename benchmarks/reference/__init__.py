"""The same training steps in eager PyTorch, written the way that research code usually is."""
