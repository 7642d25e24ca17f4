// PixelUNet
