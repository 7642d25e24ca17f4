// DMD2
