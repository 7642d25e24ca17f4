// DMD
