// Fewstep
