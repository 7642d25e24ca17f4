// GaussianMixture
