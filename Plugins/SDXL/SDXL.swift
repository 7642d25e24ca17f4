import Fewstep

/// Stable Diffusion XL (Podell et al., arXiv 2307.01952) from a folder in diffusers' layout.
public enum SDXL {}
